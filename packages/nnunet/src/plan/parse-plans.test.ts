/** Plans of other versions, of other people, and broken ones; and the networks that they describe. */
import { parseLabels } from '@voxelgrad/io';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { testDevices } from '@voxelgrad/tensor/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DatasetFingerprint } from '../fingerprint/fingerprint.ts';
import { outputChannels } from './channels.ts';
import { networkOfConfiguration, networkOptions } from './network-of-plans.ts';
import { configurationOf, parsePlans } from './parse-plans.ts';
import { planExperiment } from './planner.ts';
import { formatPlans, type Plans } from './plans.ts';
import type { PlannerName } from './presets.ts';

const labels = parseLabels({ background: 0, anterior: 1, posterior: 2 }, undefined, 'test');

function hippocampusPlans(planner: PlannerName = 'ExperimentPlanner'): Plans {
  const fingerprint: DatasetFingerprint = {
    spacings: [[1, 1, 1]],
    shapes_after_crop: [[36, 50, 35]],
    median_relative_size_after_cropping: 1,
    foreground_intensity_properties_per_channel: {
      0: { max: 9, mean: 4, median: 4, min: 0, percentile_00_5: 0, percentile_99_5: 8, std: 2 },
    },
  };
  return planExperiment('Dataset004_H', { channelNames: ['MRI'], labels, numTraining: 260 }, fingerprint, { planner });
}

type Json = Record<string, unknown>;

/** The file's content, for a test to break. */
const written = (plans: Plans): Json & { configurations: Record<string, Json> } => JSON.parse(formatPlans(plans));

describe('parsePlans', () => {
  it('converts plans of before nnU-Net 2.4', () => {
    const plans = hippocampusPlans();
    const old = written(plans);
    for (const configuration of Object.values(old.configurations)) {
      const { arch_kwargs: args } = configuration.architecture as { arch_kwargs: Json };
      delete configuration.architecture;
      Object.assign(configuration, {
        UNet_class_name: 'PlainConvUNet',
        UNet_base_num_features: 32,
        unet_max_num_features: (configuration.patch_size as number[]).length === 2 ? 512 : 320,
        n_conv_per_stage_encoder: args.n_conv_per_stage,
        n_conv_per_stage_decoder: args.n_conv_per_stage_decoder,
        num_pool_per_axis: [3, 3, 3],
        pool_op_kernel_sizes: args.strides,
        conv_kernel_sizes: args.kernel_sizes,
      });
    }
    old.foreground_intensity_properties_by_modality = old.foreground_intensity_properties_per_channel;
    delete old.foreground_intensity_properties_per_channel;
    expect(written(parsePlans(JSON.stringify(old)))).toEqual(written(plans));
  });

  it('lets configurations inherit, over several steps, and keeps what it does not know', () => {
    const json = written(hippocampusPlans());
    json.configurations.larger = { inherits_from: '3d_fullres', batch_size: 4, comment: 'mine' };
    json.configurations.largest = { inherits_from: 'larger', batch_size: 8 };
    const plans = parsePlans(JSON.stringify(json));
    expect(configurationOf(plans, 'largest')).toMatchObject({
      batch_size: 8,
      patch_size: [40, 56, 40],
      comment: 'mine',
    });
    expect(written(plans)).toEqual(json);
    expect(() => configurationOf(plans, '3d')).toThrow(/expected 2d, 3d_fullres, larger, largest, got 3d/);
    json.configurations.larger.inherits_from = 'largest';
    expect(() => parsePlans(JSON.stringify(json))).toThrow(/no circle/);
  });

  it.each<[string, (json: ReturnType<typeof written>) => void, RegExp]>([
    ['no name', (json) => delete json.plans_name, /plans\.json: plans_name: expected a text, got nothing/],
    [
      'an axis twice',
      (json) => (json.transpose_forward = [0, 0, 1]),
      /transpose_forward: expected the axes 0, 1 and 2/,
    ],
    ['no patch', (json) => delete json.configurations['2d']!.patch_size, /configurations\.2d: patch_size/],
    [
      'a patch of text',
      (json) => (json.configurations['2d']!.patch_size = ['a', 2]),
      /patch_size\[0\]: expected a number/,
    ],
    [
      'a spacing too short',
      (json) => (json.configurations['2d']!.spacing = [1]),
      /spacing: expected a list of 2 numbers/,
    ],
    [
      'an old network',
      (json) => (json.configurations['2d'] = { UNet_class_name: 'Mine' }),
      /UNet_class_name: expected Plain/,
    ],
    [
      'stages that do not fit',
      (json) => ((json.configurations['2d']!.architecture as { arch_kwargs: Json }).arch_kwargs.strides = [[1, 1]]),
      /arch_kwargs\.strides: expected \d entries/,
    ],
    ['a configuration of nobody', (json) => (json.configurations.x = { inherits_from: 'y' }), /got y/],
  ])('refuses %s', (_, breakIt, message) => {
    const json = written(hippocampusPlans());
    breakIt(json);
    expect(() => parsePlans(JSON.stringify(json))).toThrow(message);
    expect(() => parsePlans('{')).toThrow(/plans\.json: expected JSON/);
  });

  it('ends damaged bytes in a typed error or in plans that can be read again, and soon', { timeout: 600_000 }, () => {
    const whole = new TextEncoder().encode(formatPlans(hippocampusPlans()));
    // Mostly bytes that JSON has, so that many files pass its parser.
    const byte = fc.oneof(fc.constantFrom(...new TextEncoder().encode('0123456789-.e,"tn[]')), fc.nat(255));
    const change = fc.tuple(fc.nat(whole.length - 1), byte);
    let [read, refused] = [0, 0];
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 9 }), (changes, cut) => {
        const bytes = whole.slice(0, cut === 0 ? changes[0]![0] : whole.length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const before = performance.now();
        try {
          const plans = parsePlans(new TextDecoder().decode(bytes));
          for (const name of Object.keys(plans.configurations)) configurationOf(plans, name);
          expect(parsePlans(formatPlans(plans))).toEqual(plans);
          read++;
        } catch (error) {
          if (!isVoxelgradError(error)) throw error;
          expect(['format', 'option', 'dataset']).toContain(error.code);
          refused++;
        }
        expect(performance.now() - before).toBeLessThan(2000);
      }),
      { numRuns: Number(process.env.VOXELGRAD_FUZZ ?? 500), seed: 1 },
    );
    expect(Math.min(read, refused)).toBeGreaterThan(0);
  });
});

describe('networks of plans', () => {
  const [device] = testDevices();

  it.each<[PlannerName, number]>([
    ['ExperimentPlanner', 5_603_177],
    ['nnUNetPlannerResEncM', 25_895_593],
  ])('%s: as many parameters as the official network of the hippocampus', async (planner, parameters) => {
    const configuration = configurationOf(hippocampusPlans(planner), '3d_fullres');
    const network = networkOfConfiguration(configuration, 1, outputChannels(labels), { device: await device!.open() });
    expect(network.parameterCount).toBe(parameters);
    network.dispose();
  });

  it('refuses networks that voxelgrad has not', () => {
    const { architecture } = configurationOf(hippocampusPlans(), '2d');
    expect(() => networkOptions({ ...architecture, network_class_name: 'a.Primus' }, 1, 3)).toThrow(/got a\.Primus/);
    const args = { ...architecture.arch_kwargs, norm_op: 'torch.nn.GroupNorm' };
    expect(() => networkOptions({ ...architecture, arch_kwargs: args }, 1, 3)).toThrow(
      /norm_op: expected InstanceNorm or BatchNorm, got torch\.nn\.GroupNorm/,
    );
  });
});
