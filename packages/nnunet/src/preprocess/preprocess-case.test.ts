/** Whole cases against the official preprocessor, from NIfTI files to class locations, on every device; and each normalisation by hand. */
import { fileURLToPath } from 'node:url';
import { type Case, type LoadedCase, parseLabels, readDatasetJson, sourceFromBytes } from '@voxelgrad/io';
import { openFile } from '@voxelgrad/io/node';
import type { Triple } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder, numbersOf } from '../evaluate/fixtures.testing.ts';
import { configurationOf, parsePlans } from '../plan/parse-plans.ts';
import type { Configuration, Plans } from '../plan/plans.ts';
import { cropToNonzero } from './crop-to-nonzero.ts';
import { normalize } from './normalize.ts';
import { preprocessCase, readCaseFor } from './preprocess-case.ts';
import { transposeVolume } from './transpose.ts';

const fixtures = fixtureFolder('preprocess');

interface Attrs {
  readonly configuration: string;
  readonly spacing_zyx: number[];
  readonly shape_before_cropping: number[];
  readonly bbox_used_for_cropping: number[][];
  readonly shape_after_cropping_and_before_resampling: number[];
  readonly class_location_counts: Record<string, number>;
}

const cases = fixtures.missing ? [] : fixtures.casesOf<Attrs>('DefaultPreprocessor.run_case');

async function open(name: string) {
  const path = (file: string): string =>
    fileURLToPath(new URL(`../../../../../shared/fixtures/preprocess/${name}/${file}`, import.meta.url));
  const plans = parsePlans(fixtures.textOf(`${name}/plans.json`));
  const description = await readDatasetJson(
    sourceFromBytes(new TextEncoder().encode(fixtures.textOf(`${name}/dataset.json`)), 'dataset.json'),
  );
  const channels = await Promise.all(
    description.channelNames.map(async (_, c) => ({ file: await openFile(path(`img_000${c}.nii.gz`)) })),
  );
  const entry: Case = { name, channels, label: { file: await openFile(path('seg.nii.gz')) } };
  return { plans, labels: description.labels, loaded: await readCaseFor(plans, entry) };
}

describeOnEach('cases on $name are those of the official code', lacking(fixtures.missing), ({ open: device }) => {
  it.each(cases)('$name', async (one) => {
    const { plans, labels, loaded } = await open(one.name);
    const configuration = configurationOf(plans, one.attrs.configuration);
    const result = await preprocessCase(loaded, { plans, configuration, labels, device });
    const tensors = fixtures.tensorsOf(one);
    const official = tensors.get('data')!;
    expect([result.channels, ...result.shape]).toEqual(official.shape);
    const size = result.shape[0] * result.shape[1] * result.shape[2];
    const channelsFirst = Array.from(
      { length: result.data.length },
      (_, i) => result.data[(i % size) * result.channels + Math.floor(i / size)]!,
    );
    expectClose(channelsFirst, numbersOf(official), { rtol: 1e-4, atol: 1e-4 });
    expect(Array.from(result.seg!)).toEqual(numbersOf(tensors.get('seg')));
    expect(result.properties).toMatchObject({
      spacing: one.attrs.spacing_zyx,
      shape_before_cropping: one.attrs.shape_before_cropping,
      bbox_used_for_cropping: one.attrs.bbox_used_for_cropping,
      shape_after_cropping_and_before_resampling: one.attrs.shape_after_cropping_and_before_resampling,
    });
    const locations = [
      ...result.classLocations!.map(({ voxels }) => voxels),
      ...(result.annotatedLocations === undefined ? [] : [result.annotatedLocations]),
    ];
    expect(locations.map(({ length }) => length)).toEqual(Object.values(one.attrs.class_location_counts));
    const names = [...tensors.keys()].filter((name) => name.startsWith('class_locations.'));
    for (const [i, name] of names.entries()) {
      const rows = numbersOf(tensors.get(name));
      const [, height, width] = result.shape;
      const expected = Array.from(
        { length: rows.length / 4 },
        (_, row) => (rows[4 * row + 1]! * height + rows[4 * row + 2]!) * width + rows[4 * row + 3]!,
      );
      expect([...locations[i]!.subarray(0, expected.length)]).toEqual(expected);
    }
  });

  it('a case without labels gets data only', lacking(fixtures.missing), async () => {
    const { plans, labels, loaded } = await open('ct');
    const { label: _, ...unlabelled } = loaded;
    const context = { plans, configuration: configurationOf(plans, '3d_fullres'), labels, device };
    const result = await preprocessCase(unlabelled, context);
    expect(result).not.toHaveProperty('seg');
    expect(result).not.toHaveProperty('classLocations');
    expect(result.data).toEqual((await preprocessCase(loaded, context)).data);
  });
});

describe('preprocessCase', lacking(fixtures.missing), () => {
  const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const;
  const noDevice = async (): Promise<never> => {
    throw new Error('no device is needed');
  };

  it('refuses cases that do not fit the plans, and schemes and functions that nobody knows', async () => {
    const { plans, labels, loaded } = await open('ct');
    const configuration = configurationOf(plans, '3d_fullres');
    const context = { plans, configuration, labels, device: noDevice };
    const twice = { ...loaded, channels: [loaded.channels[0]!, loaded.channels[0]!] };
    await expect(preprocessCase(twice, context)).rejects.toThrow(/case ct: expected 1 channels.*got 2/);
    const scheme = { ...context, configuration: { ...configuration, normalization_schemes: ['Mine'] } };
    await expect(preprocessCase(loaded, scheme)).rejects.toThrow(/channel 0 of case ct: expected ZScore.*got Mine/);
    const other = { ...context, configuration: { ...configuration, preprocessor_name: 'Mine' } };
    await expect(preprocessCase(loaded, other)).rejects.toThrow(/preprocessor.*: expected DefaultPreproc.*got Mine/);
    await expect(preprocessCase(loaded, context)).rejects.toThrow('no device is needed');
    const same = { ...configuration, spacing: loaded.channels[0]!.spacing };
    await expect(preprocessCase(loaded, { ...context, configuration: same })).resolves.toBeDefined();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses voxels that are %s',
    async (value) => {
      const { plans, labels, loaded } = await open('ct');
      const [image] = loaded.channels;
      const data = image!.data.slice();
      data[7] = value;
      const context = { plans, configuration: configurationOf(plans, '3d_fullres'), labels, device: noDevice };
      const error: unknown = await preprocessCase({ ...loaded, channels: [{ ...image!, data }] }, context).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({
        code: 'dataset',
        message: expect.stringMatching(/channel 0 of case ct: expected finite/),
      });
      expect(String(error)).toContain(`1 that is not, the first ${value}`);
    },
  );

  it('z-scores over labelled voxels too, where all channels are 0', async () => {
    const { plans, labels } = await open('ct');
    const configuration = {
      ...configurationOf(plans, '3d_fullres'),
      spacing: [1, 1, 1],
      normalization_schemes: ['ZScoreNormalization'],
      use_mask_for_norm: [true],
    };
    const geometry = { shape: [1, 2, 4], spacing: [1, 1, 1], affine } as const;
    const made: LoadedCase = {
      name: 'made up',
      channels: [{ ...geometry, data: Float32Array.of(3, 0, 0, 5, 0, 0, 0, 4) }],
      label: { ...geometry, data: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) },
    };
    const straight = { ...plans, transpose_forward: [0, 1, 2] };
    const { data } = await preprocessCase(made, { plans: straight, configuration, labels, device: noDevice });
    // Of 3, 0, 5 and 4, as nnU-Net's ZScoreNormalization: x = numpy.array([3, 0, 5, 4]); (x - x.mean()) / x.std().
    expectClose([...data], [0, -1.6035675, 0, 1.069045, 0, 0, 0, 0.5345225], { rtol: 1e-6, atol: 1e-7 });
  });
});

describe('cropToNonzero', lacking(fixtures.missing), () => {
  type Crop = { bbox: number[][]; has_seg: boolean };
  it.each(fixtures.missing ? [] : fixtures.casesOf<Crop>('crop_to_nonzero'))('$name', (one) => {
    const tensors = fixtures.tensorsOf(one);
    const { shape } = tensors.get('data')!;
    const values = Float32Array.from(numbersOf(tensors.get('data')));
    const size = values.length / shape[0]!;
    const channels = Array.from({ length: shape[0]! }, (_, c) => values.subarray(c * size, (c + 1) * size));
    const label = one.attrs.has_seg ? Int32Array.from(numbersOf(tensors.get('seg'))) : undefined;
    const cropped = cropToNonzero(channels, shape.slice(1) as unknown as Triple, one.name, label);
    expect(cropped.box.lower.map((low, axis) => [low, cropped.box.upper[axis]])).toEqual(one.attrs.bbox);
    expect(cropped.channels.flatMap((channel) => [...channel])).toEqual(numbersOf(tensors.get('out_data')));
    expect([...cropped.segmentation]).toEqual(numbersOf(tensors.get('out_seg')));
  });
});

describe('normalize', () => {
  const run = (scheme: string, values: number[], context: Partial<Parameters<typeof normalize>[2]> = {}): number[] => {
    const channel = Float32Array.from(values);
    normalize(channel, scheme, { what: 'a test', ...context });
    return [...channel];
  };
  const intensities = { max: 90, mean: 10, median: 0, min: -90, percentile_00_5: -20, percentile_99_5: 40, std: 5 };

  it('z-scores, within a mask or of everything', () => {
    expectClose(run('ZScoreNormalization', [1, 3, 5]), [-1.2247449, 0, 1.2247449], { rtol: 1e-6 });
    expectClose(run('ZScoreNormalization', [0, 3, 5, 0], { mask: [0, 1, 1, 0] }), [0, -1, 1, 0], { rtol: 1e-6 });
    expect(run('ZScoreNormalization', [7, 7])).toEqual([0, 0]);
  });

  it('clips and scales CT', () => {
    expect(run('CTNormalization', [-100, 10, 15, 100], { intensities })).toEqual([-6, 0, 1, 6]);
    expect(() => run('CTNormalization', [1])).toThrow(/intensity properties/);
  });

  it('scales to 0 … 1, takes colours, or leaves all alone', () => {
    expect(run('RescaleTo01Normalization', [-2, 0, 6])).toEqual([0, 0.25, 1]);
    expect(run('RescaleTo01Normalization', [3, 3])).toEqual([0, 0]);
    expect(run('RGBTo01Normalization', [0, 255])).toEqual([0, 1]);
    expect(() => run('RGBTo01Normalization', [0, 256])).toThrow(/colours from 0 to 255, got 0 to 256/);
    expect(run('NoNormalization', [5, -5])).toEqual([5, -5]);
  });
});

describe('transposeVolume', () => {
  it('moves axes as NumPy does', () => {
    const data = Int16Array.from({ length: 24 }, (_, i) => i);
    expect(transposeVolume(data, [2, 3, 4], [0, 1, 2])).toBe(data);
    // numpy.arange(24).reshape(2, 3, 4).transpose(2, 0, 1).ravel()[:8]
    expect([...transposeVolume(data, [2, 3, 4], [2, 0, 1]).subarray(0, 8)]).toEqual([0, 4, 8, 12, 16, 20, 1, 5]);
  });
});

describeOnEach('the foreground channel on $name', ({ open: device }) => {
  it('is 1 where no image is 0, on the grid of the network, whatever the values are', async () => {
    // Zeros around and in one channel; values about 0 inside, which normalisation would make of any image.
    const shape: Triple = [4, 6, 8];
    const size = 4 * 6 * 8;
    const inside = (i: number): boolean => i % 8 >= 2;
    const hole = (i: number): boolean => i % 8 === 5;
    const image = (zero: (i: number) => boolean) => ({
      shape,
      data: Float32Array.from({ length: size }, (_, i) => (zero(i) ? 0 : Math.sin(i) < 0 ? -1 : 1)),
      spacing: [1, 1, 1] as const,
      affine: [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const,
    });
    const loaded = {
      name: 'case',
      channels: [image((i) => !inside(i)), image((i) => !inside(i) || hole(i))],
    } as unknown as LoadedCase;
    const resampling = { is_seg: false, order: 3, order_z: 0, force_separate_z: null };
    const configuration = (width: number) =>
      ({
        preprocessor_name: 'DefaultPreprocessor',
        spacing: [1, 1, width],
        normalization_schemes: ['ZScoreNormalization', 'ZScoreNormalization'],
        use_mask_for_norm: [false, false],
        resampling_fn_data: 'resample_data_or_seg_to_shape',
        resampling_fn_data_kwargs: resampling,
        resampling_fn_seg: 'resample_data_or_seg_to_shape',
        resampling_fn_seg_kwargs: { ...resampling, is_seg: true, order: 1 },
        foreground_mask_channel: true,
      }) as unknown as Configuration;
    const plans = {
      transpose_forward: [0, 1, 2],
      transpose_backward: [0, 1, 2],
      image_reader_writer: 'SimpleITKIO',
      foreground_intensity_properties_per_channel: {},
    } as unknown as Plans;
    const labels = parseLabels({ background: 0, one: 1 }, undefined, 'test');
    const run = (width: number) =>
      preprocessCase(loaded, { plans, configuration: configuration(width), labels, device });
    const same = await run(1);
    const without = await preprocessCase(loaded, {
      plans,
      configuration: { ...configuration(1), foreground_mask_channel: false },
      labels,
      device,
    });
    expect([same.channels, without.channels, ...same.shape]).toEqual([3, 2, 4, 6, 6]);
    // The crop begins at column 2, the hole is its fourth column.
    for (let voxel = 0; voxel < 4 * 6 * 6; voxel++) {
      expect(same.data[3 * voxel + 2]).toBe(voxel % 6 === 3 ? 0 : 1);
      expect([...same.data.subarray(3 * voxel, 3 * voxel + 2)]).toEqual([
        ...without.data.subarray(2 * voxel, 2 * voxel + 2),
      ]);
    }
    // Twice as fine: the hole is two columns wide.
    const finer = await run(0.5);
    expect(finer.shape).toEqual([4, 6, 12]);
    for (let voxel = 0; voxel < 4 * 6 * 12; voxel++)
      expect(finer.data[3 * voxel + 2]).toBe(voxel % 12 === 6 || voxel % 12 === 7 ? 0 : 1);
  });
});
