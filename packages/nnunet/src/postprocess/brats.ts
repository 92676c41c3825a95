/**
 * What NVIDIA makes of its probabilities for BraTS (DeepLearningExamples, PyTorch/Segmentation/nnUNet, notebooks BraTS21 and BraTS22, `to_lbl`): thresholds
 * for whole tumour, core and enhancing tumour, and small, unsure pieces of enhancing tumour are taken for necrosis.
 */
import { connectedComponents } from '@voxelgrad/augment';
import type { Labels } from '@voxelgrad/io';
import { sizeOf, VoxelgradError } from '@voxelgrad/tensor';
import type { Probabilities, ProbabilityDecision } from '../select/probabilities.ts';

export interface BratsRules {
  /** A voxel is of a region above it. */
  readonly thresholds: { readonly whole: number; readonly core: number; readonly enhancing: number };
  /** Components of 2 voxels and more, but fewer than this, may be necrosis. */
  readonly smallComponent: number;
  /** All of the enhancing tumour may be, where it has fewer voxels than this. */
  readonly smallTumour: number;
  /** They are where their mean probability is below this. */
  readonly sure: number;
}

export const bratsRules = {
  '2021': {
    thresholds: { whole: 0.5, core: 0.5, enhancing: 0.5 },
    smallComponent: 8,
    smallTumour: 73,
    sure: 0.9,
  },
  '2022': {
    thresholds: { whole: 0.4, core: 0.35, enhancing: 0.375 },
    smallComponent: 4,
    smallTumour: 5,
    sure: 0.9,
  },
} as const satisfies Record<string, BratsRules>;

/** From probabilities of the three regions `[3, z, y, x]` to a segmentation. Throws 'option' for labels that are not the nested regions of BraTS. */
export function bratsSegmentation({ shape, data }: Probabilities, labels: Labels, rules: BratsRules): Uint8Array {
  const { channels, oedema, necrosis, enhancing } = bratsLabels(labels);
  if (shape[0] !== 3)
    throw new VoxelgradError('shape', {
      what: 'probabilities',
      expected: 'three channels, for the regions of dataset.json',
      got: String(shape[0]),
    });
  const voxels = data.length / 3;
  const [whole, core, sure] = channels.map((c) => data.subarray(c * voxels, (c + 1) * voxels)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const { thresholds } = rules;
  const segmentation = new Uint8Array(voxels);
  for (let voxel = 0; voxel < voxels; voxel++) {
    if (!(whole[voxel]! > thresholds.whole)) continue;
    const inner = core[voxel]! > thresholds.core ? necrosis : oedema;
    segmentation[voxel] = sure[voxel]! > thresholds.enhancing ? enhancing : inner;
  }
  const { labels: components, sizes } = connectedComponents(maskOf(segmentation, enhancing), shape.slice(1), 'faces');
  const sums = new Float64Array(sizes.length);
  for (let voxel = 0; voxel < voxels; voxel++)
    if (components[voxel] !== 0) sums[components[voxel]! - 1]! += sure[voxel]!;
  const isUnsure = (sum: number, size: number): boolean => sum / size < rules.sure;
  // Single voxels stay, as in NVIDIA's code.
  const dropped = sizes.map((size, i) => size > 1 && size < rules.smallComponent && isUnsure(sums[i]!, size));
  const left = (total: number, value: number, i: number): number => total + (dropped[i] ? 0 : value);
  const [size, sum] = [sizes.reduce(left, 0), sums.reduce(left, 0)];
  const none = size > 0 && size < rules.smallTumour && isUnsure(sum, size);
  for (let voxel = 0; voxel < voxels; voxel++) {
    const component = components[voxel]!;
    if (component !== 0 && (none || dropped[component - 1])) segmentation[voxel] = necrosis;
  }
  return segmentation;
}

/** The same for probabilities that come class after class: components need all of them. */
export const bratsDecision =
  (rules: BratsRules) =>
  (shape: readonly number[], labels: Labels): ProbabilityDecision => {
    const data = new Float32Array(sizeOf(shape));
    const voxels = sizeOf(shape.slice(1));
    return {
      add: ({ values, channel, start }) => data.set(values, channel * voxels + start),
      segmentation: () => bratsSegmentation({ shape, data }, labels, rules),
    };
  };

const maskOf = (segmentation: Uint8Array, label: number): Uint8Array =>
  segmentation.map((value) => (value === label ? 1 : 0));

/** The channels of whole tumour, core and enhancing tumour, and the labels between them. */
function bratsLabels({ classes, regions }: Labels) {
  const order = [...classes.keys()].sort((a, b) => classes[b]!.values.length - classes[a]!.values.length);
  const [whole, core, enhancing] = order.map((c) => classes[c]!.values);
  const without = (outer: readonly number[], inner: readonly number[]): readonly number[] =>
    outer.filter((value) => !inner.includes(value));
  const nested =
    regions &&
    classes.length === 3 &&
    [whole, core, enhancing].every((values, i) => values?.length === 3 - i) &&
    without(core!, whole!).length === 0 &&
    without(enhancing!, core!).length === 0;
  if (!nested)
    throw new VoxelgradError('option', {
      what: 'rules of BraTS',
      expected: 'three regions, each within the one before: of three labels, of two, and of one',
      got: classes.map(({ name, values }) => `${name} (${values.join(', ')})`).join(', '),
    });
  return {
    channels: order,
    oedema: without(whole!, core!)[0]!,
    necrosis: without(core!, enhancing!)[0]!,
    enhancing: enhancing![0]!,
  };
}
