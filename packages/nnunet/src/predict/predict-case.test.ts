/**
 * From logits to segmentations by hand; and the way around a network: prediction on an image that is transposed or turned is prediction turned back.
 * That the numbers are the official ones is checked by `pnpm parity --only model`.
 */
import { type Image, type Labels, type LoadedCase, parseLabels, reorient } from '@voxelgrad/io';
import type { Device } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import type { Configuration, Plans } from '../plan/plans.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import {
  type ExportContext,
  exportPrediction,
  probabilitiesOfLogits,
  segmentationOfLogits,
} from './export-prediction.ts';
import { streamOf } from './logit-cells.ts';
import { type Predictor, predictImages } from './predict-case.ts';
import type { Volume } from './sliding-window.ts';

let device: Device;
beforeAll(async () => {
  device = await openCpu({ threads: 2 });
});
afterAll(() => device.close());

const plain = parseLabels({ background: 0, one: 1, two: 2 }, undefined, 'test');
const regions = parseLabels({ background: 0, whole: [1, 2], core: 2 }, [1, 2], 'test');

const plans = (order: readonly number[], reader = 'SimpleITKIO') =>
  ({
    transpose_forward: order,
    transpose_backward: [0, 1, 2].map((axis) => order.indexOf(axis)),
    image_reader_writer: reader,
    foreground_intensity_properties_per_channel: {},
  }) as unknown as Plans;

const configuration = (spacing: readonly number[], rest: Partial<Configuration> = {}) =>
  ({
    preprocessor_name: 'DefaultPreprocessor',
    spacing,
    patch_size: spacing.map(() => 8),
    normalization_schemes: ['NoNormalization'],
    use_mask_for_norm: [false],
    resampling_fn_data: 'resample_data_or_seg_to_shape',
    resampling_fn_data_kwargs: { is_seg: false, order: 3, order_z: 0, force_separate_z: null },
    resampling_fn_seg: 'resample_data_or_seg_to_shape',
    resampling_fn_seg_kwargs: { is_seg: true, order: 1, order_z: 0, force_separate_z: null },
    resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
    resampling_fn_probabilities_kwargs: { is_seg: false, order: 1, order_z: 0, force_separate_z: null },
    ...rest,
  }) as Configuration;

const contextOf = (labels: Labels, order: readonly number[], rest: Partial<ExportContext> = {}): ExportContext => ({
  plans: plans(order),
  configuration: configuration([1, 1, 1]),
  labels,
  device,
  ...rest,
});

/** Waves of all classes, `[d, h, w, c]`. */
const waves = (shape: readonly number[]): Volume => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.7) + Math.cos(i * 0.31)),
});

const properties = (rest: Partial<CaseProperties> = {}): CaseProperties => ({
  spacing: [1, 1, 1],
  shape_before_cropping: [4, 5, 6],
  bbox_used_for_cropping: [
    [1, 3],
    [0, 5],
    [2, 6],
  ],
  shape_after_cropping_and_before_resampling: [2, 5, 4],
  affine: [],
  ...rest,
});

describe('from logits to a segmentation', () => {
  it.each([[[0, 1, 2]], [[2, 0, 1]], [[1, 0, 2]]])(
    'axes %j: decides, lays into the crop and turns the axes back',
    async (order) => {
      const logits = waves([2, 5, 4, 3]);
      const segmentation = await segmentationOfLogits(logits, properties(), contextOf(plain, order));
      // Extents of the image as it was read: axis order[i] of it is axis i here.
      const extents = [0, 1, 2].map((axis) => [4, 5, 6][order.indexOf(axis)]!);
      const expected = new Uint8Array(120);
      for (let d = 0; d < 2; d++)
        for (let h = 0; h < 5; h++)
          for (let w = 0; w < 4; w++) {
            const values = [0, 1, 2].map((c) => logits.data[((d * 5 + h) * 4 + w) * 3 + c]!);
            const place = [d + 1, h, w + 2];
            const [z, y, x] = [0, 1, 2].map((axis) => place[order.indexOf(axis)]!) as [number, number, number];
            expected[(z * extents[1]! + y) * extents[2]! + x] = values.indexOf(Math.max(...values));
          }
      expect(segmentation).toEqual(expected);
    },
  );

  it('paints regions, later ones over earlier ones', async () => {
    const data = Float32Array.of(-1, -1, 1, -1, -1, 1, 1, 1);
    const flat = properties({
      shape_before_cropping: [1, 1, 4],
      bbox_used_for_cropping: [
        [0, 1],
        [0, 1],
        [0, 4],
      ],
      shape_after_cropping_and_before_resampling: [1, 1, 4],
    });
    const logits = { shape: [1, 1, 4, 2], data };
    expect([...(await segmentationOfLogits(logits, flat, contextOf(regions, [0, 1, 2])))]).toEqual([0, 1, 2, 2]);
    const { shape, data: probabilities } = await probabilitiesOfLogits(logits, flat, contextOf(regions, [0, 1, 2]));
    expect(shape).toEqual([2, 1, 1, 4]);
    const high = Math.fround(1 / (1 + Math.exp(-1)));
    expect([...probabilities].map((value) => value > 0.5)).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(probabilities[1]).toBe(high);
  });

  it('resamples class by class to the same result, and its probabilities add up to one', async () => {
    const logits = waves([4, 9, 7, 3]);
    const context = contextOf(plain, [0, 1, 2], { configuration: configuration([0.5, 0.5, 0.5]) });
    const whole = await segmentationOfLogits(logits, properties(), context);
    expect(await segmentationOfLogits(logits, properties(), { ...context, resampledValues: 1 })).toEqual(whole);
    const { shape, data } = await probabilitiesOfLogits(logits, properties(), context);
    expect(shape).toEqual([3, 4, 5, 6]);
    for (let voxel = 0; voxel < 120; voxel++) {
      const values = [0, 1, 2].map((c) => data[c * 120 + voxel]!);
      expect(values[0]! + values[1]! + values[2]!).toBeCloseTo(1, 6);
      expect(values.indexOf(Math.max(...values))).toBe(whole[voxel]);
    }
  });

  it.each([
    [[0, 1, 2], plain, 16e6],
    [[2, 0, 1], plain, 16e6],
    [[1, 0, 2], plain, 1],
    [[2, 1, 0], regions, 1],
  ] as const)('gives the same probabilities by way of a scratch, axes %j', async (order, labels, resampledValues) => {
    const context = contextOf(labels, order, { configuration: configuration([0.5, 0.5, 0.5]), resampledValues });
    const logits = waves([4, 9, 7, labels.regions ? 2 : 3]);
    const memory = new Float32Array(1000).fill(Number.NaN);
    const scratch = {
      write: async (at: number, values: Float32Array) => memory.set(values, at),
      read: async (at: number, into: Float32Array) => into.set(memory.subarray(at, at + into.length)),
    };
    const { probabilityStream, ...rest } = await exportPrediction(streamOf(logits), properties(), context, {
      probabilities: scratch,
    });
    expect(rest).not.toHaveProperty('probabilities');
    const { shape, data } = await probabilitiesOfLogits(logits, properties(), context);
    expect(probabilityStream!.shape).toEqual(shape);
    const found: number[] = [];
    for await (const piece of probabilityStream!.pieces) found.push(...piece);
    expect(Float32Array.from(found)).toEqual(data);
    // Outside of the crop is background.
    expect([data[0], data[120]]).toEqual([labels.regions ? 0 : 1, 0]);
  });

  it('has room for many labels', async () => {
    const many = parseLabels(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`l${i}`, i])), undefined, 'x');
    const logits = waves([2, 5, 4, 300]);
    const segmentation = await segmentationOfLogits(logits, properties(), contextOf(many, [0, 1, 2]));
    expect(segmentation).toBeInstanceOf(Uint16Array);
    expect(Math.max(...segmentation)).toBeGreaterThan(255);
  });
});

/** An image [z, y, x] that has zeros around it and stands obliquely enough to be turned for RAS. */
function imageOf(
  shape: readonly [number, number, number],
  spacing: readonly [number, number, number],
): Image<Float32Array> {
  const [d, h, w] = shape;
  const data = new Float32Array(d * h * w);
  for (let z = 1; z < d; z++)
    for (let y = 0; y < h - 1; y++)
      for (let x = 2; x < w; x++) data[(z * h + y) * w + x] = 1 + Math.sin(z + 2 * y) + Math.cos(x * y);
  const [sz, sy, sx] = spacing;
  return { shape, data, spacing, affine: [-sx, 0, 0, 10, 0, -sy, 0, 20, 0, 0, sz, -5, 0, 0, 0, 1] };
}

describe('predictImages', () => {
  const predictorFor = (rest: Partial<Predictor>, planar = false): Predictor => {
    const dimension = planar ? 2 : 3;
    return {
      plans: plans([0, 1, 2]),
      configuration: configuration(Array.from({ length: dimension }, () => 1)),
      description: { labels: plain },
      networks: [
        new PlainConvUNet({
          inputChannels: 1,
          classes: 3,
          features: [4, 4],
          kernels: Array.from({ length: 2 }, () => Array.from({ length: dimension }, () => 3)),
          device,
          seed: 3,
        }),
      ],
      device,
      mirrorAxes: planar ? [0, 1] : [0, 1, 2],
      ...rest,
    };
  };
  const image = imageOf([9, 12, 11], [1, 1, 1]);
  const loaded: LoadedCase = { name: 'case', channels: [image] };

  it.each([[false], [true]])('gives the grid and geometry of the image (2-D: %s)', async (planar) => {
    const { segmentation } = await predictImages(predictorFor({}, planar), loaded);
    expect([segmentation.shape, segmentation.affine, segmentation.spacing]).toEqual([
      image.shape,
      image.affine,
      image.spacing,
    ]);
    expect(new Set(segmentation.data).size).toBeGreaterThan(1);
    // Outside of the crop there is nothing.
    expect(segmentation.data.subarray(0, 12 * 11).every((value) => value === 0)).toBe(true);
  });

  it('turns images for readers that do, and the result back', async () => {
    const turning = predictorFor({ plans: plans([0, 1, 2], 'NibabelIOWithReorient') });
    const { segmentation } = await predictImages(turning, loaded);
    const turned = { name: 'case', channels: [reorient(image, 'RAS')] };
    const { segmentation: expected } = await predictImages({ ...turning, plans: plans([0, 1, 2]) }, turned);
    expect(segmentation.affine).toEqual(image.affine);
    expect(reorient(segmentation, 'RAS').data).toEqual(expected.data);
    expect(segmentation.data).not.toEqual(expected.data);
  });

  it('of a transposed plan is that of the transposed image, turned back', async () => {
    const order = [1, 2, 0];
    const { segmentation } = await predictImages(predictorFor({ plans: plans(order) }), loaded);
    const [d, h, w] = image.shape as [number, number, number];
    const moved = new Float32Array(image.data.length);
    for (let z = 0; z < d; z++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) moved[(y * w + x) * d + z] = image.data[(z * h + y) * w + x]!;
    const { segmentation: expected } = await predictImages(predictorFor({}), {
      name: 'moved',
      channels: [{ ...image, shape: [h, w, d], data: moved }],
    });
    for (let z = 0; z < d; z++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++)
          expect(segmentation.data[(z * h + y) * w + x]).toBe(expected.data[(y * w + x) * d + z]);
  });

  it('of a cascade sees the stage before, and asks for it', async () => {
    const network = new PlainConvUNet({ inputChannels: 3, classes: 3, features: [4, 4], device, seed: 4 });
    const cascade = predictorFor({
      configuration: configuration([1, 1, 1], { previous_stage: '3d_lowres' }),
      networks: [network],
    });
    const labels = (value: number) => ({ ...image, data: new Uint8Array(image.data.length).fill(value) });
    const results = await Promise.all(
      [0, 1, 2].map(async (value) => (await predictImages(cascade, loaded, { previous: labels(value) })).segmentation),
    );
    expect(results[0]!.data).not.toEqual(results[1]!.data);
    expect(results[1]!.data).not.toEqual(results[2]!.data);
    await expect(predictImages(cascade, loaded)).rejects.toThrow(/the segmentation that 3d_lowres gives/);
    await expect(predictImages(predictorFor({}), loaded, { previous: labels(0) })).rejects.toThrow(/no segmentation/);
  });
});
