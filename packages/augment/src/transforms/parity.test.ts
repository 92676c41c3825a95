/** Each transform with fixed parameters against nnU-Net's own code (the golden numbers of shared/fixtures/augmentation). */
import { type Device, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { expect, it } from 'vitest';
import { augmentationCase, casesOf, channelsLast, imageOf, labelOf, missingFixtures } from '../testing/fixtures.ts';
import { applyBrightness } from './brightness.ts';
import { applyContrast } from './contrast.ts';
import { applyCrop } from './crop.ts';
import { applyDeepSupervision } from './deep-supervision.ts';
import { applyGamma } from './gamma.ts';
import { applyGaussianBlur, gaussianTaps, nnunetFilterLength } from './gaussian-blur.ts';
import { applyLowResolution } from './low-resolution.ts';
import { applyMirror } from './mirror.ts';
import { applyMask, applyReplaceLabel } from './outside.ts';
import { appendLabelChannels, applyRegions } from './regions.ts';
import { affineMatrix } from './sampling-grid.ts';
import { applySpatial } from './spatial.ts';

/** `values[i]` at the i-th channel of `which`, for an image of two channels. */
function perChannel<Value>(which: readonly number[], values: readonly Value[]): (Value | undefined)[][] {
  const channels = new Array<Value | undefined>(2).fill(undefined);
  for (const [i, channel] of which.entries()) channels[channel] = values[i];
  return [channels];
}

/** `[d, h, w]` from two or three numbers. */
const asTriple = (axes: readonly number[], depth: number): Triple =>
  (axes.length === 2 ? [depth, ...axes] : axes) as unknown as Triple;

/** Runs on a device and gives the values of the one result; nothing else may be left. */
async function valuesOf(device: Device, work: () => Tensor): Promise<ArrayLike<number>> {
  const before = device.memory().buffers;
  const result = tidy(work);
  const values = await result.data();
  result.dispose();
  expect(device.memory().buffers).toBe(before);
  return values;
}

describeOnEach('transforms on $name agree with nnU-Net', lacking(missingFixtures), ({ open }) => {
  it.each(casesOf('SpatialTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    const size = asTriple(attributes.patch_size as number[], 1);
    const inPlane = (attributes.patch_size as number[]).length === 2;
    const affine = tensors.get('affine');
    const labels = [...new Set(channelsLast(tensors, 'seg').values)].sort((a, b) => a - b);
    const run = (part: 'image' | 'label'): Tensor => {
      const patches = { image: imageOf(tensors, 'image', device), label: labelOf(tensors, 'seg', device) };
      if (affine === undefined) return applyCrop(patches, size)[part];
      const angles = (attributes.angles_rad as number[] | null) ?? [0, 0, 0];
      const scales = (attributes.scales as number[] | null) ?? [1, 1, 1];
      const matrix = affineMatrix(inPlane ? [angles[0]!, 0, 0] : asTriple(angles, 0), asTriple(scales, 1));
      const flat = inPlane ? matrix.slice(1).flatMap((row) => row.slice(1)) : matrix.flat();
      expectClose(flat, affine.data as Float64Array, { atol: 1e-12 });
      return applySpatial(patches, { affines: [matrix], size, inPlane, labels })[part];
    };
    expectClose(await valuesOf(device, () => run('image')), channelsLast(tensors, 'out_image').values, tolerance);
    const label = await valuesOf(device, () => run('label'));
    const expected = channelsLast(tensors, 'out_seg').values;
    const differing = expected.filter((value, i) => value !== label[i]).length;
    expect(label.length).toBe(expected.length);
    expect(differing / expected.length).toBeLessThanOrEqual(tolerance.seg_mismatch_fraction!);
  });

  it.each(casesOf('GammaTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    const gamma = perChannel(attributes.apply_to_channel as number[], attributes.gamma as number[]);
    const [invert, retainStatistics] = [attributes.invert_image, attributes.retain_stats].map(
      (flags) => (flags as boolean[])[0]!,
    );
    const parameters = { gamma, invert: invert!, retainStatistics: retainStatistics! };
    const got = await valuesOf(device, () => applyGamma(imageOf(tensors, 'image', device), parameters));
    expectClose(got, channelsLast(tensors, 'out').values, tolerance);
  });

  it.each(casesOf('ContrastTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    const factors = perChannel(attributes.apply_to_channel as number[], attributes.multipliers as number[]);
    const range = attributes.preserve_range === true ? 'channel' : 'none';
    const got = await valuesOf(device, () => applyContrast(imageOf(tensors, 'image', device), { factors, range }));
    expectClose(got, channelsLast(tensors, 'out').values, tolerance);
  });

  it.each(casesOf('MultiplicativeBrightnessTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    const factors = perChannel(attributes.apply_to_channel as number[], attributes.multipliers as number[]);
    const got = await valuesOf(device, () => applyBrightness(imageOf(tensors, 'image', device), factors));
    expectClose(got, channelsLast(tensors, 'out').values, tolerance);
  });

  it.each(casesOf('GaussianBlurTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    for (const [deviation, taps] of Object.entries((attributes.kernels as Record<string, number[]> | undefined) ?? {}))
      expectClose(gaussianTaps(Number(deviation), nnunetFilterLength(Number(deviation))), taps, { rtol: 1e-5 });
    const which = (attributes.apply_to_channel as boolean[]).flatMap((applied, channel) => (applied ? [channel] : []));
    const sigmas = (attributes.sigmas as number[][]).map((axes) => asTriple(axes, 1));
    const got = await valuesOf(device, () =>
      applyGaussianBlur(imageOf(tensors, 'image', device), perChannel(which, sigmas)),
    );
    expectClose(got, channelsLast(tensors, 'out').values, tolerance);
  });

  it.each(casesOf('SimulateLowResolutionTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors, tolerance } = augmentationCase(name);
    const sizes = (attributes.new_shapes as number[][]).map((shape) => asTriple(shape, 1));
    const parameters = perChannel(attributes.apply_to_channel as number[], sizes);
    const got = await valuesOf(device, () => applyLowResolution(imageOf(tensors, 'image', device), parameters));
    expectClose(got, channelsLast(tensors, 'out').values, tolerance);
  });

  it.each(casesOf('MirrorTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors } = augmentationCase(name);
    const axes = [attributes.axes as number[]];
    const run = (part: 'image' | 'label') => (): Tensor =>
      applyMirror({ image: imageOf(tensors, 'image', device), label: labelOf(tensors, 'seg', device) }, axes)[part];
    expect(await valuesOf(device, run('image'))).toEqual(channelsLast(tensors, 'out_image').values);
    expect(Float32Array.from(await valuesOf(device, run('label')))).toEqual(channelsLast(tensors, 'out_seg').values);
  });

  it.each(casesOf('DownsampleSegForDSTransform'))('%s', async (name) => {
    const device = await open();
    const { attributes, tensors } = augmentationCase(name);
    const scales = attributes.scales as Triple[];
    for (const [i] of scales.entries()) {
      const got = await valuesOf(device, () => applyDeepSupervision(labelOf(tensors, 'seg', device), scales)[i]!);
      expect(Float32Array.from(got)).toEqual(channelsLast(tensors, `out${i}`).values);
    }
  });

  it('regions', async () => {
    const device = await open();
    const { attributes, tensors } = augmentationCase('regions');
    const got = await valuesOf(device, () =>
      applyRegions(labelOf(tensors, 'seg', device), attributes.regions as number[][]),
    );
    expect(got).toEqual(channelsLast(tensors, 'out').values);
  });

  it('remove_label', async () => {
    const device = await open();
    const { attributes, tensors } = augmentationCase('remove_label');
    const [from, to] = [attributes.label_value as number, attributes.set_to as number];
    const got = await valuesOf(device, () => applyReplaceLabel(labelOf(tensors, 'seg', device), from, to));
    expect(Float32Array.from(got)).toEqual(channelsLast(tensors, 'out').values);
  });

  it('mask_image', async () => {
    const device = await open();
    const { tensors } = augmentationCase('mask_image');
    const got = await valuesOf(device, () =>
      applyMask({ image: imageOf(tensors, 'image', device), label: labelOf(tensors, 'seg', device) }, [true, false]),
    );
    expect(got).toEqual(channelsLast(tensors, 'out').values);
  });

  it('seg_to_onehot', async () => {
    const device = await open();
    const { attributes, tensors } = augmentationCase('seg_to_onehot');
    const previous = attributes.source_channel_idx as number;
    const got = await valuesOf(device, () =>
      appendLabelChannels(
        imageOf(tensors, 'image', device),
        labelOf(tensors, 'seg', device, previous),
        attributes.all_labels as number[],
      ),
    );
    expect(got).toEqual(channelsLast(tensors, 'out_image').values);
  });
});
