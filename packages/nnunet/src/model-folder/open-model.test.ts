/** Models as nnU-Net, its export and MONAI lay them out, with weights that this project and PyTorch wrote. */
import { readFileSync } from 'node:fs';
import { encodeZip, folderFromFiles, type PathFile, sourceFromBytes } from '@voxelgrad/io';
import { openFolder } from '@voxelgrad/io/node';
import { Sgd, stateDict, writeSafetensors } from '@voxelgrad/nn';
import { type Device, fromArray, sum } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { architectureArguments, residualEncoderUNetClass } from '../plan/architecture.ts';
import { networkOfConfiguration } from '../plan/network-of-plans.ts';
import { configurationOf, parsePlans } from '../plan/parse-plans.ts';
import { encodeNnunetCheckpoint, encodeStateDict } from './export-checkpoint.ts';
import { openModel } from './open-model.ts';
import { readCheckpointDetails, readWeights } from './state-dicts.ts';

let device: Device;
beforeAll(async () => {
  device = await openCpu({ threads: 2 });
});
afterAll(() => device.close());

const datasetJson = {
  channel_names: { 0: 'T1', 1: 'T2' },
  labels: { background: 0, one: 1, two: 2 },
  numTraining: 3,
  file_ending: '.nii.gz',
};

/** Plans with a 2-D residual network and a small 3-D one, the second in the words of old plans. */
function plansJson(): Record<string, unknown> {
  const resampling = { is_seg: false, order: 1, order_z: 0, force_separate_z: null };
  const common = (patch: readonly number[]) => ({
    data_identifier: 'x',
    preprocessor_name: 'DefaultPreprocessor',
    batch_size: 2,
    patch_size: patch,
    median_image_size_in_voxels: patch,
    spacing: patch.map(() => 1),
    normalization_schemes: ['ZScoreNormalization', 'ZScoreNormalization'],
    use_mask_for_norm: [false, false],
    resampling_fn_data: 'resample_data_or_seg_to_shape',
    resampling_fn_seg: 'resample_data_or_seg_to_shape',
    resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
    resampling_fn_data_kwargs: resampling,
    resampling_fn_seg_kwargs: resampling,
    resampling_fn_probabilities_kwargs: resampling,
    batch_dice: true,
  });
  const kernels = (stages: number, dimension: number, extent: number) =>
    Array.from({ length: stages }, () => Array.from({ length: dimension }, () => extent));
  return {
    dataset_name: 'Dataset001_Test',
    plans_name: 'nnUNetPlans',
    original_median_spacing_after_transp: [1, 1, 1],
    original_median_shape_after_transp: [8, 8, 8],
    image_reader_writer: 'SimpleITKIO',
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    experiment_planner_used: 'ExperimentPlanner',
    label_manager: 'LabelManager',
    foreground_intensity_properties_per_channel: {},
    configurations: {
      '2d': {
        ...common([8, 8]),
        architecture: {
          network_class_name: residualEncoderUNetClass,
          arch_kwargs: architectureArguments(2, {
            features_per_stage: [4, 6, 6],
            kernel_sizes: kernels(3, 2, 3),
            strides: [
              [1, 1],
              [2, 2],
              [1, 2],
            ],
            n_blocks_per_stage: [1, 2, 1],
            n_conv_per_stage_decoder: [1, 1],
          }),
          _kw_requires_import: [],
        },
      },
      '3d_fullres': {
        ...common([8, 8, 8]),
        UNet_class_name: 'PlainConvUNet',
        UNet_base_num_features: 4,
        unet_max_num_features: 6,
        n_conv_per_stage_encoder: [2, 2],
        n_conv_per_stage_decoder: [2],
        num_pool_per_axis: [1, 1, 1],
        pool_op_kernel_sizes: [
          [1, 1, 1],
          [2, 2, 2],
        ],
        conv_kernel_sizes: kernels(2, 3, 3),
      },
    },
  };
}

const plans = parsePlans(JSON.stringify(plansJson()));
const networkFor = (configuration: string, seed: number): SegmentationNetwork =>
  networkOfConfiguration(configurationOf(plans, configuration), 2, 3, { device, seed });

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const part of parts) pieces.push(part);
  return new Uint8Array(Buffer.concat(pieces));
}

const checkpointOf = async (configuration: string, network: SegmentationNetwork, fold = 0) =>
  collect(
    await encodeNnunetCheckpoint({
      network,
      plans,
      configuration,
      fold,
      datasetJson,
      mirrorAxes: [0, 1],
      trainer: 'nnUNetTrainerTest',
    }),
  );

const file = (path: string, content: string | Uint8Array<ArrayBuffer>): PathFile => ({
  path,
  blob: new Blob([content]),
});

const descriptions = (prefix: string): PathFile[] => [
  file(`${prefix}plans.json`, JSON.stringify(plansJson())),
  file(`${prefix}dataset.json`, JSON.stringify(datasetJson)),
];

async function expectSameWeights(network: SegmentationNetwork, expected: SegmentationNetwork): Promise<void> {
  expect(await stateDict(network)).toEqual(await stateDict(expected));
  network.dispose();
}

describe('models', () => {
  it('in the folder that a trainer leaves, in one above it, and in a ZIP of it', async () => {
    const networks = [networkFor('3d_fullres', 1), networkFor('3d_fullres', 2)];
    const path = 'Dataset001_Test/nnUNetTrainer__nnUNetPlans__3d_fullres/';
    const files = [
      ...descriptions(path),
      file(`${path}fold_0/checkpoint_final.pth`, await checkpointOf('3d_fullres', networks[0]!)),
      file(`${path}fold_1/checkpoint_final.pth`, await checkpointOf('3d_fullres', networks[1]!, 1)),
      file(`${path}fold_2/checkpoint_latest.pth`, 'not read'),
      file(`${path}fold_all/checkpoint_final.pth`, 'not read'),
    ];
    const above = folderFromFiles(files, 'results');
    const members = files.map(async ({ path: name, blob }) => ({
      name,
      bytes: new Uint8Array(await blob.arrayBuffer()),
      deflated: name.includes('fold_0'),
    }));
    const zip = sourceFromBytes(await collect(encodeZip(await Promise.all(members))), 'model.zip');
    for (const place of [above.folder(path.slice(0, -1)), above, zip]) {
      const model = await openModel(place);
      expect([model.configurationName, model.trainer, model.folds, model.mirrorAxes]).toEqual([
        '3d_fullres',
        'nnUNetTrainerTest',
        [0, 1],
        [0, 1],
      ]);
      expect(model.configuration.architecture.arch_kwargs.features_per_stage).toEqual([4, 6]);
      for (const fold of [0, 1]) await expectSameWeights(await model.loadFold(fold, device), networks[fold]!);
      await expect(model.loadFold(2, device)).rejects.toThrow(/fold 2.*\nhelp: .*: -f \d/s);
    }
  });

  it('in a MONAI bundle, whose weights and details are files of their own', async () => {
    const network = networkFor('2d', 3);
    const whole = await checkpointOf('2d', network);
    const bundle = folderFromFiles(
      [
        ...descriptions('models/jsonpkls/'),
        file('models/2d/nnunet_checkpoint.pth', whole),
        file('models/2d/fold_0/best_model.pt', await collect(encodeStateDict(network))),
      ],
      'bundle',
    );
    const model = await openModel(bundle);
    expect([model.configurationName, model.trainer, model.mirrorAxes]).toEqual(['2d', 'nnUNetTrainerTest', [0, 1]]);
    await expectSameWeights(await model.loadFold(0, device), network);
  });

  it('with weights in safetensors, of a configuration that the folder is named after', async () => {
    const network = networkFor('2d', 4);
    const weights = [...(await stateDict(network))].map(
      ([name, { shape, data }]) => [`module.${name}`, { dtype: 'F32', shape: [...shape], data }] as const,
    );
    const folder = folderFromFiles(
      [
        ...descriptions(''),
        file('fold_all/checkpoint_final.pth', writeSafetensors(weights) as Uint8Array<ArrayBuffer>),
      ],
      'nnUNetTrainerX__nnUNetPlans__2d',
    );
    const model = await openModel(folder);
    expect([model.trainer, model.folds, model.mirrorAxes]).toEqual(['nnUNetTrainerX', ['all'], []]);
    await expectSameWeights(await model.loadFold('all', device), network);
  });

  it('say what is missing', async () => {
    const fails = (files: readonly PathFile[], options = {}) => openModel(folderFromFiles(files, 'x'), options);
    await expect(fails([file('a.txt', '')])).rejects.toThrow(/a trained model/);
    await expect(fails([...descriptions(''), file('fold_0/checkpoint_latest.pth', '')])).rejects.toThrow(
      /checkpoint_final\.pth or .*got checkpoint_latest\.pth/s,
    );
    const network = networkFor('2d', 5);
    const checkpoint = await checkpointOf('2d', network);
    const two = ['a', 'b'].flatMap((name) => [
      ...descriptions(`${name}/`),
      file(`${name}/fold_0/checkpoint_final.pth`, checkpoint),
    ]);
    await expect(fails(two)).rejects.toThrow(/one model.*got x\/a, x\/b/s);
    await expect(fails(two.slice(3), { configuration: '3d_fullres' })).rejects.toThrow(/3d_fullres/);
    const other = await openModel(
      folderFromFiles(
        [...descriptions(''), file('fold_0/checkpoint_final.pth', await checkpointOf('3d_fullres', network))],
        'x',
      ),
    );
    await expect(other.loadFold(0, device)).rejects.toThrow(
      /encoder\.stages\.0\.0\.convs\.0\.conv\.weight: expected .*another network/s,
    );
  });
});

describe('encodeNnunetCheckpoint', () => {
  it('writes the same bytes for the same model, with optimizer and log', async () => {
    const network = networkFor('3d_fullres', 6);
    const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.9 });
    sum(network.predict(fromArray(new Float32Array(1024).fill(0.5), [1, 8, 8, 8, 2], { device }))).backward();
    optimizer.step();
    const encode = async () =>
      collect(
        await encodeNnunetCheckpoint({
          network,
          plans,
          configuration: '3d_fullres',
          fold: 'all',
          datasetJson,
          mirrorAxes: [],
          optimizer: { optimizer, initialLearningRate: 0.01, weightDecay: 0, momentum: 0.9 },
        }),
      );
    const [first, second] = [await encode(), await encode()];
    expect(Buffer.from(first).equals(second)).toBe(true);
    const source = sourceFromBytes(first, 'checkpoint_final.pth');
    expect(await readWeights(source)).toEqual(await stateDict(network));
    expect(await readCheckpointDetails(source)).toEqual({
      trainer: 'nnUNetTrainer',
      configuration: '3d_fullres',
      mirrorAxes: [],
      epoch: 0,
    });
  });
});

const fixtures = fixtureFolder('model');
describe("nnU-Net's own model", lacking(fixtures.missing), () => {
  it('opens, with the weights of its checkpoint', async () => {
    const path = fixtures.pathOf('nnUNetTrainer__nnUNetPlansLight__3d_fullres');
    const model = await openModel(await openFolder(path));
    expect([model.configurationName, model.trainer, model.folds, model.mirrorAxes]).toEqual([
      '3d_fullres',
      'nnUNetTrainer',
      [0],
      [0, 1, 2],
    ]);
    const network = await model.loadFold(0, device);
    const { attrs } = fixtures.casesOf<{ sums: Record<string, number> }>('torch checkpoint')[0]!;
    const weights = await stateDict(network);
    const own = Object.entries(attrs.sums).filter(([name]) => weights.has(name));
    expect(own.length).toBe(weights.size);
    for (const [name, expected] of own) {
      const { data } = weights.get(name)!;
      const scale = data.reduce((total, value) => total + Math.abs(value), 1e-6);
      expect(Math.abs(data.reduce((total, value) => total + value, 0) - expected) / scale).toBeLessThan(1e-6);
    }
    // What PyTorch wrote and what is written here are the same checkpoint, but for order of writing.
    const again = await collect(
      await encodeNnunetCheckpoint({
        network,
        plans: model.plans,
        configuration: model.configurationName,
        fold: 0,
        datasetJson: JSON.parse(readFileSync(`${path}/dataset.json`, 'utf8')),
        mirrorAxes: model.mirrorAxes,
      }),
    );
    expect(await readWeights(sourceFromBytes(again, 'again.pth'))).toEqual(weights);
    network.dispose();
  });
});
