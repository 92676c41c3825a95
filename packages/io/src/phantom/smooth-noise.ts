/**
 * Smooth random fields: normal numbers on a coarse lattice, interpolated by cubic B-splines, one axis after the other.
 * What makes outlines irregular, bias fields slow and tissue uneven.
 */
import type { HostRandom } from './random.ts';

type Shape3 = readonly [number, number, number];

/** Raises the variance of a B-spline mix of independent numbers back to 1, on average over a cell, for three axes. */
const gain = 0.4794 ** -1.5;

/** A field [z, y, x] of mean 0 and variance about 1 that varies over lengths of `cell` voxels. */
export function smoothNoise(shape: Shape3, cell: number, random: HostRandom): Float32Array {
  const axes = shape.map((extent) => splineAxis(extent, cell));
  const [z, y, x] = axes as [Axis, Axis, Axis];
  const lattice = new Float32Array(z.nodes * y.nodes * x.nodes);
  for (let i = 0; i < lattice.length; i++) lattice[i] = gain * random.normal();
  const alongX = interpolate(lattice, z.nodes * y.nodes, x, 1);
  const alongY = interpolate(alongX, z.nodes, y, shape[2]);
  return interpolate(alongY, 1, z, shape[1] * shape[2]);
}

interface Axis {
  readonly nodes: number;
  readonly extent: number;
  /** First of four nodes for each position. */
  readonly first: Int32Array;
  /** Their four weights. */
  readonly weights: Float32Array;
}

function splineAxis(extent: number, cell: number): Axis {
  const nodes = Math.floor((extent - 1) / cell) + 4;
  const first = new Int32Array(extent);
  const weights = new Float32Array(4 * extent);
  for (let i = 0; i < extent; i++) {
    const node = Math.floor(i / cell);
    const t = i / cell - node;
    first[i] = node;
    weights[4 * i] = (1 - t) ** 3 / 6;
    weights[4 * i + 1] = (3 * t ** 3 - 6 * t ** 2 + 4) / 6;
    weights[4 * i + 2] = (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6;
    weights[4 * i + 3] = t ** 3 / 6;
  }
  return { nodes, extent, first, weights };
}

/** [outer, nodes, inner] → [outer, extent, inner]. */
function interpolate(from: Float32Array, outer: number, axis: Axis, inner: number): Float32Array {
  const { nodes, extent, first, weights } = axis;
  const to = new Float32Array(outer * extent * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < extent; i++) {
      const [w0, w1, w2, w3] = [weights[4 * i]!, weights[4 * i + 1]!, weights[4 * i + 2]!, weights[4 * i + 3]!];
      const source = (o * nodes + first[i]!) * inner;
      const target = (o * extent + i) * inner;
      for (let k = 0; k < inner; k++) {
        const at = source + k;
        to[target + k] =
          w0 * from[at]! + w1 * from[at + inner]! + w2 * from[at + 2 * inner]! + w3 * from[at + 3 * inner]!;
      }
    }
  return to;
}
