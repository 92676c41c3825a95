/**
 * What a cascade's second stage gets of the first: one channel of 0 and 1 for each label, in training with the defects that a first stage's result may
 * have (nnUNetTrainer.get_training_transforms; batchgeneratorsv2 v0.3.5: MoveSegAsOneHotToDataTransform, ApplyRandomBinaryOperatorTransform,
 * RemoveRandomConnectedComponentFromOneHotEncodingTransform): labels grow, shrink, lose holes or thin parts, and whole components are missing.
 */
import type { Triple } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import type { TimeSlice } from '../sampling/time-slice.ts';
import { applyBallOperator, type BallOperator, ballDiameter, ballOperators } from './ball-morphology.ts';
import { connectedComponents } from './components.ts';
import type { Range } from './multiplier.ts';

export interface PreviousStageSettings {
  /** One channel for each, in this order. */
  readonly labels: readonly number[];
  /** That the labels of a sample are dilated, eroded, closed or opened. */
  readonly operatorProbability: number;
  /** Of the balls, in voxels. */
  readonly radius: Range;
  /** That each label of a sample loses a component. */
  readonly removalProbability: number;
  /** Only components of less than this share of the patch are removed. */
  readonly largestRemoved: number;
}

type DefectSettings = Omit<PreviousStageSettings, 'labels'>;

export const nnunetDefects: DefectSettings = {
  operatorProbability: 0.4,
  radius: [1, 8],
  removalProbability: 0.2,
  largestRemoved: 0.15,
};

/** For validation. */
export const withoutDefects: DefectSettings = { ...nnunetDefects, operatorProbability: 0, removalProbability: 0 };

/** What happens to the channels of one sample, in order. */
export type Defect =
  | { readonly channel: number; readonly operator: BallOperator; readonly diameter: number }
  /** `pick`, 0 to 1, chooses among the components that may go. */
  | { readonly channel: number; readonly operator: 'remove'; readonly pick: number };

/** For each sample; without any where nothing happens to it. */
export function drawDefects(random: HostRandom, samples: number, settings: PreviousStageSettings): Defect[][] {
  const { labels, operatorProbability, radius, removalProbability } = settings;
  const channels = (probability: number): number[] =>
    random.chance(probability) ? shuffled(labels.length, random) : [];
  return Array.from({ length: samples }, () => [
    ...channels(operatorProbability).map((channel) => ({
      channel,
      operator: ballOperators[random.integer(0, ballOperators.length)]!,
      diameter: ballDiameter(random.uniform(...radius)),
    })),
    ...channels(removalProbability).map((channel) => ({
      channel,
      operator: 'remove' as const,
      pick: random.uniform(),
    })),
  ]);
}

/** 0 to `count` − 1 in random order. */
function shuffled(count: number, random: HostRandom): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(0, last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

/**
 * `masks[l] [d, h, w]`, one for each label, with the defects. Where a label grows into others they give way, so that a voxel keeps one label; where it
 * shrinks the voxel has none.
 */
export async function applyDefects(
  masks: Uint8Array[],
  shape: Triple,
  defects: readonly Defect[],
  largestRemoved: number,
  slice: TimeSlice,
): Promise<Uint8Array[]> {
  const changed = [...masks];
  for (const defect of defects) {
    const { channel } = defect;
    const before = changed[channel]!;
    if (defect.operator === 'remove') {
      changed[channel] = withoutComponent(before, shape, defect.pick, largestRemoved);
      continue;
    }
    const after = await applyBallOperator(defect.operator, before, shape, defect.diameter, slice);
    for (const [other, mask] of changed.entries())
      if (other !== channel) changed[other] = mask.map((inside, i) => (after[i]! > before[i]! ? 0 : inside));
    changed[channel] = after;
  }
  return changed;
}

function withoutComponent(mask: Uint8Array, shape: Triple, pick: number, largest: number): Uint8Array {
  const { labels, sizes } = connectedComponents(mask, shape);
  const removable = [...sizes.keys()].filter((i) => sizes[i]! < mask.length * largest);
  if (removable.length === 0) return mask;
  const removed = removable[Math.floor(pick * removable.length)]! + 1;
  return mask.map((inside, i) => (labels[i] === removed ? 0 : inside));
}

/** `[n, d, h, w, labels]` of 0 and 1 from `segmentation [n, d, h, w]`, each sample with its defects. */
export async function previousChannels(
  segmentation: ArrayLike<number>,
  shape: Triple,
  defects: readonly (readonly Defect[])[],
  { labels, largestRemoved }: PreviousStageSettings,
  slice: TimeSlice,
): Promise<Float32Array> {
  const voxels = shape[0] * shape[1] * shape[2];
  const channels = new Float32Array(defects.length * voxels * labels.length);
  for (const [sample, drawn] of defects.entries()) {
    const first = sample * voxels;
    const masks = labels.map((label) =>
      Uint8Array.from({ length: voxels }, (_, i) => (segmentation[first + i] === label ? 1 : 0)),
    );
    const changed = await applyDefects(masks, shape, drawn, largestRemoved, slice);
    for (const [channel, mask] of changed.entries())
      for (let i = 0; i < voxels; i++) channels[(first + i) * labels.length + channel] = mask[i]!;
    if (slice.isOver()) await slice.next();
  }
  return channels;
}
