/**
 * Quarter turns and swapped axes (batchgeneratorsv2: Rot90Transform, TransposeAxesTransform), of axes along which patches are equally long, so that they keep
 * their shape.
 */
import { concat, flip, narrow, permute, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { drawSamples, joinPatches } from './samples.ts';
import { onLabels, type Patches, type Transform } from './transform.ts';

/** Axes (0 depth, 1 height, 2 width) in a new order, then some of them reversed. */
export interface Turn {
  readonly order: Triple;
  readonly reversed: readonly number[];
}

/** Turns each sample; undefined leaves it as it is. */
export function applyTurns(patches: Patches, turns: readonly (Turn | undefined)[]): Patches {
  return tidy(() => {
    const samples = turns.map((turn, n): Patches => {
      const change = (x: Tensor): Tensor => {
        const sample = narrow(x, 0, n, 1);
        if (turn === undefined) return sample;
        const rest = x.shape.length === 5 ? [4] : [];
        const ordered = permute(sample, [0, ...turn.order.map((axis) => axis + 1), ...rest]);
        return turn.reversed.length === 0
          ? ordered
          : flip(
              ordered,
              turn.reversed.map((axis) => axis + 1),
            );
      };
      return { image: change(patches.image), ...onLabels(patches, change) };
    });
    return joinPatches(samples, (parts) => concat(parts, 0));
  });
}

/** The axes of a patch that are as long as most others are; none where all differ. An axis of one voxel is none. */
export function equalAxes(patch: Triple): readonly number[] {
  const axes = [0, 1, 2].filter((axis) => axis > 0 || patch[0] > 1);
  const equal = axes.map((axis) => axes.filter((other) => patch[other] === patch[axis]).length);
  const most = Math.max(...equal);
  return most === 1 ? [] : axes.filter((_, i) => equal[i] === most);
}

/** As `torch.rot90(k, [first, second])`, with `first < second`. */
export function quarterTurns(k: number, first: number, second: number): Turn {
  const swapped: Triple = [0, 1, 2].map((axis) =>
    axis === first ? second : axis === second ? first : axis,
  ) as unknown as Triple;
  const turns: readonly Turn[] = [
    { order: [0, 1, 2], reversed: [] },
    { order: swapped, reversed: [first] },
    { order: [0, 1, 2], reversed: [first, second] },
    { order: swapped, reversed: [second] },
  ];
  return turns[k]!;
}

const turning = (
  name: string,
  probability: number,
  axes: readonly number[],
  drawTurn: (random: HostRandom) => Turn,
): Transform => ({
  name,
  draw(random, { samples }) {
    if (axes.length < 2) return undefined;
    const drawn = drawSamples(random, samples, probability);
    if (drawn.length === 0) return undefined;
    const turns = new Array<Turn | undefined>(samples).fill(undefined);
    for (const sample of drawn) turns[sample] = drawTurn(random);
    return (patches) => applyTurns(patches, turns);
  },
});

/** Zero to three quarter turns in the plane of two of the axes. */
export const rotate90 = (probability: number, axes: readonly number[]): Transform =>
  turning('rotate by 90°', probability, axes, (random) => {
    const k = random.integer(0, 4);
    const first = random.integer(0, axes.length);
    const second = (first + random.integer(1, axes.length)) % axes.length;
    const pair = [axes[first]!, axes[second]!].sort((a, b) => a - b) as [number, number];
    return quarterTurns(k, ...pair);
  });

/** The axes in any order, each as likely. */
export const transposeAxes = (probability: number, axes: readonly number[]): Transform =>
  turning('transpose axes', probability, axes, (random) => {
    const shuffled = [...axes];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = random.integer(0, i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    const order = [0, 1, 2].map((axis) => (axes.includes(axis) ? shuffled[axes.indexOf(axis)]! : axis));
    return { order: order as unknown as Triple, reversed: [] };
  });
