/** What networks give for windows, averaged over their mirrored copies, in pieces: of a large window with many classes, never more than these are on the device. */
import {
  add,
  type Device,
  fromArray,
  keep,
  narrow,
  noGrad,
  type Shape,
  scale,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { joinFeatures, runFor, type Summand } from './summand.ts';
import { mirror, predictMirrored } from './window-batches.ts';

/** Slices of what is added up of some windows. */
export interface WindowPiece {
  /** Along the windows' first axis. */
  readonly first: number;
  readonly length: number;
  /** Nothing more comes of these windows. */
  readonly last: boolean;
  /** `[windows, length, …, values]`. */
  readonly values: Promise<Float32Array>;
}

export interface WindowWork {
  readonly device: Device;
  readonly summand: Summand;
  /** Axes of each mirroring. */
  readonly mirrorings: readonly (readonly number[])[];
  readonly batchSize: number;
  /** Slices of a piece along the windows' first axis. */
  readonly thickness: number;
}

/**
 * What is to be added up of windows `[windows, …space, c]`. The work for a piece is enqueued when it is asked for; should no more be asked for, what is on the
 * device is freed.
 */
export function* predictWindows(
  networks: readonly SegmentationNetwork[],
  values: Float32Array,
  shape: Shape,
  work: WindowWork,
): Iterable<WindowPiece> {
  const { summand, mirrorings, thickness } = work;
  const extent = shape[1]!;
  const firsts = Array.from({ length: Math.ceil(extent / thickness) }, (_, i) => i * thickness);
  const turns = summand.kind === 'logits of each' ? networks.map((network) => [network]) : [networks];
  const share = 1 / (mirrorings.length * (summand.kind === 'logits' ? networks.length : 1));
  for (const some of turns) {
    const sums = sumCopies(some, values, shape, firsts, work);
    try {
      for (const [i, first] of firsts.entries()) {
        const mean = noGrad(() =>
          tidy(() => {
            const mean = scale(joinFeatures(sums.map((pieces) => pieces[i]!)), share);
            return summand.kind === 'logits of each' ? some[0]!.classify(mean) : mean;
          }),
        );
        const data = mean.data() as Promise<Float32Array>;
        // Whoever awaits the piece is told of a failure, if anybody still does.
        data.catch(() => undefined);
        for (const tensor of [mean, ...sums.map((pieces) => pieces[i]!)]) tensor.dispose();
        const last = i === firsts.length - 1 && some === turns.at(-1);
        yield { first, length: Math.min(thickness, extent - first), last, values: data };
      }
    } finally {
      for (const piece of sums.flat()) piece.dispose();
    }
  }
}

/** Sums over mirrored copies, in pieces that begin at `firsts`: of logits those of all networks, of features each network's. */
function sumCopies(
  networks: readonly SegmentationNetwork[],
  values: Float32Array,
  shape: Shape,
  firsts: readonly number[],
  { device, summand, mirrorings, batchSize, thickness }: WindowWork,
): readonly Tensor[][] {
  const extent = shape[1]!;
  const length = (first: number): number => Math.min(thickness, extent - first);
  const addTo = (sums: Tensor[], copy: Tensor, axes: readonly number[]): void => {
    for (const [i, first] of firsts.entries()) {
      const from = axes.includes(0) ? extent - first - length(first) : first;
      const previous = sums[i];
      sums[i] = keep(
        tidy(() => {
          const piece = firsts.length === 1 ? copy : narrow(copy, 1, from, length(first));
          const turned = mirror(piece, axes);
          return previous === undefined ? turned : add(previous, turned);
        }),
      );
      previous?.dispose();
    }
  };
  const run = runFor(summand);
  return noGrad(() =>
    tidy(() => {
      const x = fromArray(values, shape, { device });
      const sums: Tensor[][] = [];
      for (const network of networks) {
        if (sums.length === 0 || summand.kind === 'features') sums.push([]);
        predictMirrored(
          (copies) => run(network, copies),
          x,
          mirrorings,
          batchSize,
          (copy, axes) => addTo(sums.at(-1)!, copy, axes),
        );
      }
      return sums;
    }),
  );
}
