/** The deterministic part of each transform with fixed parameters, how noise and multipliers are distributed, and the size of initial patches. */
import {
  type Affine,
  affineMatrix,
  appendLabelChannels,
  applyBrightness,
  applyContrast,
  applyCrop,
  applyDeepSupervision,
  applyGamma,
  applyGaussianBlur,
  applyLowResolution,
  applyMask,
  applyMirror,
  applyRegions,
  applyReplaceLabel,
  applySpatial,
  type Patches,
} from '@voxelgrad/augment';
import { type Device, slice, type Tensor, type Triple, tidy, VoxelgradError } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, exactly } from '../compare.ts';
import { imageTensor, labelTensor, volumeOf } from '../layout.ts';
import { checkInitialPatchSize, checkStatistics } from './augmentation-statistics.ts';

type Attributes = Readonly<Record<string, unknown>>;

interface Golden {
  readonly attrs: Attributes;
  readonly tensors: CaseTensors;
  readonly tolerance: Record<string, number>;
  readonly device: Device;
  readonly comparison: Comparison;
}

export async function checkAugmentation(entry: ParityCase, device: Device): Promise<Comparison> {
  const { attrs, tolerance } = entry;
  const comparison = new Comparison({ rtol: tolerance.rtol ?? 0, atol: tolerance.atol ?? 0 });
  if (entry.op === 'statistics') await checkStatistics(entry, device, comparison);
  else if (entry.op === 'get_patch_size') checkInitialPatchSize(entry, comparison);
  else {
    const check = TRANSFORMS[entry.op];
    if (check === undefined)
      throw new VoxelgradError('option', {
        what: `augmentation ${entry.op}`,
        expected: Object.keys(TRANSFORMS).join(),
      });
    await check({ attrs, tensors: await readTensors(entry), tolerance, device, comparison });
  }
  return comparison;
}

/** `values[i]` at the i-th channel of `which`, for an image with as many channels as the case's. */
function perChannel<Value>(tensors: CaseTensors, which: readonly number[], values: readonly Value[]) {
  const channels = new Array<Value | undefined>(tensors.get('image')!.shape[0]!).fill(undefined);
  for (const [i, channel] of which.entries()) channels[channel] = values[i];
  return [channels];
}

/** `[d, h, w]` from two or three numbers. */
const asTriple = (axes: readonly number[], depth: number): Triple =>
  (axes.length === 2 ? [depth, ...axes] : axes) as unknown as Triple;

async function valuesOf(work: () => Tensor): Promise<ArrayLike<number>> {
  const result = tidy(work);
  const values = await result.data();
  result.dispose();
  return values;
}

const patchesOf = ({ tensors, device }: Golden): Patches => ({
  image: imageTensor(tensors, 'image', device),
  label: labelTensor(tensors, 'seg', device),
});

/** A transform of the image alone: the case's `out`. */
const onImage =
  (change: (image: Tensor, golden: Golden) => Tensor) =>
  async (golden: Golden): Promise<void> => {
    const { tensors, device, comparison } = golden;
    const got = await valuesOf(() => change(imageTensor(tensors, 'image', device), golden));
    comparison.values('out', got, volumeOf(tensors, 'out').values);
  };

const TRANSFORMS: Record<string, (golden: Golden) => Promise<void>> = {
  SpatialTransform: checkSpatial,
  GammaTransform: onImage((image, { attrs, tensors }) => {
    const [invert, retainStatistics] = [attrs.invert_image, attrs.retain_stats].map(
      (flags) => (flags as boolean[])[0]!,
    );
    const gamma = perChannel(tensors, attrs.apply_to_channel as number[], attrs.gamma as number[]);
    return applyGamma(image, { gamma, invert: invert!, retainStatistics: retainStatistics! });
  }),
  ContrastTransform: onImage((image, { attrs, tensors }) =>
    applyContrast(image, {
      factors: perChannel(tensors, attrs.apply_to_channel as number[], attrs.multipliers as number[]),
      range: attrs.preserve_range === true ? 'channel' : 'none',
    }),
  ),
  MultiplicativeBrightnessTransform: onImage((image, { attrs, tensors }) =>
    applyBrightness(image, perChannel(tensors, attrs.apply_to_channel as number[], attrs.multipliers as number[])),
  ),
  GaussianBlurTransform: onImage((image, { attrs, tensors }) => {
    const which = (attrs.apply_to_channel as boolean[]).flatMap((applied, channel) => (applied ? [channel] : []));
    const sigmas = (attrs.sigmas as number[][]).map((axes) => asTriple(axes, 1));
    return applyGaussianBlur(image, perChannel(tensors, which, sigmas));
  }),
  SimulateLowResolutionTransform: onImage((image, { attrs, tensors }) => {
    const sizes = (attrs.new_shapes as number[][]).map((shape) => asTriple(shape, 1));
    return applyLowResolution(image, perChannel(tensors, attrs.apply_to_channel as number[], sizes));
  }),
  MirrorTransform: async (golden) => {
    const axes = [golden.attrs.axes as number[]];
    await comparePatches(golden, (patches) => applyMirror(patches, axes));
  },
  DownsampleSegForDSTransform: async ({ attrs, tensors, device, comparison }) => {
    const scales = attrs.scales as Triple[];
    for (const i of scales.keys()) {
      const got = await valuesOf(() => applyDeepSupervision(labelTensor(tensors, 'seg', device), scales)[i]!);
      comparison.values(`out${i}`, got, volumeOf(tensors, `out${i}`).values);
    }
  },
  ConvertSegmentationToRegionsTransform: async ({ attrs, tensors, device, comparison }) => {
    const regions = attrs.regions as number[][];
    const got = await valuesOf(() => applyRegions(labelTensor(tensors, 'seg', device), regions));
    comparison.values('out', got, volumeOf(tensors, 'out').values);
  },
  RemoveLabelTransform: async ({ attrs, tensors, device, comparison }) => {
    const [from, to] = [attrs.label_value as number, attrs.set_to as number];
    const got = await valuesOf(() => applyReplaceLabel(labelTensor(tensors, 'seg', device), from, to));
    comparison.values('out', got, volumeOf(tensors, 'out').values);
  },
  MaskImageTransform: async (golden) => {
    const { attrs, tensors, comparison } = golden;
    const masked = attrs.apply_to_channels as number[];
    const channels = Array.from({ length: volumeOf(tensors, 'image').channels }, (_, c) => masked.includes(c));
    const got = await valuesOf(() => applyMask(patchesOf(golden), channels));
    comparison.values('out', got, volumeOf(tensors, 'out').values);
  },
  MoveSegAsOneHotToDataTransform: async ({ attrs, tensors, device, comparison }) => {
    const previous = labelTensor(tensors, 'seg', device, attrs.source_channel_idx as number);
    const got = await valuesOf(() =>
      appendLabelChannels(imageTensor(tensors, 'image', device), previous, attrs.all_labels as number[]),
    );
    comparison.values('out_image', got, volumeOf(tensors, 'out_image').values);
  },
  Convert3DTo2DTransform: checkInPlane,
};

async function comparePatches(golden: Golden, change: (patches: Patches) => Patches): Promise<void> {
  const { tensors, comparison, tolerance } = golden;
  const image = await valuesOf(() => change(patchesOf(golden)).image);
  comparison.values('out_image', image, volumeOf(tensors, 'out_image').values);
  const label = await valuesOf(() => change(patchesOf(golden)).label);
  const allowed = tolerance.seg_mismatch_fraction ?? 0;
  comparison.labels('out_seg', label, volumeOf(tensors, 'out_seg').values, allowed);
}

async function checkSpatial(golden: Golden): Promise<void> {
  const { attrs, tensors, comparison } = golden;
  const patch = attrs.patch_size as number[];
  const [size, inPlane] = [asTriple(patch, 1), patch.length === 2];
  const official = tensors.get('affine');
  if (official === undefined) return comparePatches(golden, (patches) => applyCrop(patches, size));
  const angles = (attrs.angles_rad as number[] | null) ?? [0, 0, 0];
  const scales = (attrs.scales as number[] | null) ?? [1, 1, 1];
  const matrix = affineMatrix(inPlane ? [angles[0]!, 0, 0] : asTriple(angles, 0), asTriple(scales, 1));
  const flat = inPlane ? matrix.slice(1).flatMap((row) => row.slice(1)) : matrix.flat();
  comparison.values('affine', flat, official.data, { rtol: 0, atol: 1e-12 });
  const labels = [...new Set(volumeOf(tensors, 'seg').values)].sort((a, b) => a - b);
  await comparePatches(golden, (patches) => applySpatial(patches, { affines: [matrix], size, inPlane, labels }));
}

/**
 * The official code makes slices into channels, transforms in the plane, and makes them slices again. Here a transform in the plane takes each slice
 * by itself: every slice rotated must be that slice of the whole patch rotated in the plane.
 */
async function checkInPlane(golden: Golden): Promise<void> {
  const { tensors, comparison } = golden;
  const { space, channels, values } = volumeOf(tensors, 'image');
  const [depth, height, width] = space;
  const slices = tensors.get('out_image')!.data as Float32Array;
  const plane = height * width;
  const firstChannels = Float32Array.from({ length: values.length }, (_, i) => {
    const [channel, rest] = [Math.floor(i / (depth * plane)), i % (depth * plane)];
    return values[rest * channels + channel]!;
  });
  comparison.values('slices as channels', firstChannels, slices, exactly);
  const labels = [...new Set(volumeOf(tensors, 'seg').values)];
  const matrix: Affine = affineMatrix([0.3, 0, 0], [1, 1, 1]);
  const rotated = (patches: Patches, size: Triple): Tensor =>
    applySpatial(patches, { affines: [matrix], size, inPlane: true, labels }).image;
  const whole = await valuesOf(() => rotated(patchesOf(golden), space));
  for (let z = 0; z < depth; z++) {
    const got = await valuesOf(() => {
      const one: Triple = [1, height, width];
      const { image, label } = patchesOf(golden);
      return rotated({ image: sliceAt(image, z), label: sliceAt(label, z) }, one);
    });
    comparison.values(`slice ${z}`, Array.from(whole).slice(z * plane * channels, (z + 1) * plane * channels), got);
  }
}

/** One slice `[n, 1, h, w, …]`. */
const sliceAt = (x: Tensor, z: number): Tensor =>
  slice(
    x,
    x.shape.map((_, axis) => (axis === 1 ? z : 0)),
    x.shape.map((extent, axis) => (axis === 1 ? z + 1 : extent)),
  );
