/**
 * Dilation, erosion, closing and opening with a ball, as batchgeneratorsv2 v0.3.5 does them (random_binary_operator.py): what is outside of the volume
 * adds nothing to a dilation and takes nothing away in an erosion. A ball contains what is near its middle, so a dilation is a distance: squared
 * distances are found axis by axis, each voxel looking only as far as the ball reaches.
 */
import type { Triple } from '@voxelgrad/tensor';
import type { TimeSlice } from '../sampling/time-slice.ts';

export const ballOperators = ['dilate', 'erode', 'close', 'open'] as const;
export type BallOperator = (typeof ballOperators)[number];

/**
 * Voxels along the diameter of `skimage.morphology.ball(radius)`, whose points are spread evenly from −radius to radius. Where they are even in number
 * the ball's middle lies between voxels.
 */
export const ballDiameter = (radius: number): number => Math.floor(2 * radius + 1);

/** The operator applied to `mask [d, h, w]` of 0 and 1. A volume of depth 1 is worked on in its plane. */
export async function applyBallOperator(
  operator: BallOperator,
  mask: Uint8Array,
  shape: Triple,
  diameter: number,
  slice: TimeSlice,
): Promise<Uint8Array> {
  const dilated = (mask: Uint8Array): Promise<Uint8Array> => dilate(mask, shape, diameter, slice);
  const eroded = async (mask: Uint8Array): Promise<Uint8Array> => inverse(await dilated(inverse(mask)));
  switch (operator) {
    case 'dilate':
      return dilated(mask);
    case 'erode':
      return eroded(mask);
    case 'close':
      return eroded(await dilated(mask));
    case 'open':
      return dilated(await eroded(mask));
  }
}

const inverse = (mask: Uint8Array): Uint8Array => mask.map((inside) => 1 - inside);

const far = 2 ** 20;

/** Distances are counted in half voxels, since the middle of an even ball lies between voxels. */
async function dilate(mask: Uint8Array, shape: Triple, diameter: number, slice: TimeSlice): Promise<Uint8Array> {
  const squares = Int32Array.from(mask, (inside) => (inside === 0 ? far : 0));
  const steps = reachOf(diameter);
  let stride = 1;
  for (const axis of [2, 1, 0] as const) {
    if (shape[axis] > 1) await nearestAlong(squares, shape[axis], stride, steps, slice);
    stride *= shape[axis];
  }
  const limit = (diameter - 1) ** 2;
  return Uint8Array.from(squares, (square) => (square <= limit ? 1 : 0));
}

interface Step {
  /** Voxels along an axis. */
  readonly offset: number;
  /** Squared distance from the ball's middle, in half voxels. */
  readonly square: number;
}

/** An even ball reaches one voxel further up than down. */
function reachOf(diameter: number): readonly Step[] {
  const down = Math.floor((diameter - 1) / 2);
  return Array.from({ length: diameter }, (_, i) => ({ offset: i - down, square: (2 * i - (diameter - 1)) ** 2 }));
}

/** Replaces every value by the smallest `value of a voxel that a step leads to + the step's square`, along the axis with this stride. */
async function nearestAlong(
  squares: Int32Array,
  extent: number,
  stride: number,
  steps: readonly Step[],
  slice: TimeSlice,
): Promise<void> {
  const line = new Int32Array(extent);
  for (let block = 0; block < squares.length; block += extent * stride) {
    for (let first = block; first < block + stride; first++) {
      let nearest = far;
      for (let i = 0; i < extent; i++) {
        line[i] = squares[first + i * stride]!;
        nearest = Math.min(nearest, line[i]!);
      }
      if (nearest === far) continue;
      for (let i = 0; i < extent; i++) {
        let smallest = far;
        for (const { offset, square } of steps) {
          const from = i + offset;
          if (from >= 0 && from < extent) smallest = Math.min(smallest, line[from]! + square);
        }
        squares[first + i * stride] = smallest;
      }
    }
    if (slice.isOver()) await slice.next();
  }
}
