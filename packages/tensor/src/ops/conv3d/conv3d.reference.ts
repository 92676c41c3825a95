/** The three directions of a 3-D convolution as plain loops in double precision: what the kernels are tested against. */
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';

export interface ConvolutionCase {
  /** `[n, d, h, w, cin]` */
  readonly x: Shape;
  readonly cout: number;
  readonly kernel: Triple;
  readonly geometry: Conv3dGeometry;
}

export function shapesOf({ x, cout, kernel, geometry }: ConvolutionCase): { y: Shape; weight: Shape } {
  const extents = kernel.map((taps, axis) => {
    const window = (taps - 1) * geometry.dilation[axis]! + 1;
    return Math.floor((x[axis + 1]! + 2 * geometry.padding[axis]! - window) / geometry.stride[axis]!) + 1;
  });
  return { y: [x[0]!, ...extents, cout], weight: [...kernel, x[4]! / geometry.groups, cout] };
}

/**
 * Calls `visit` for each run of output channels that a value of x takes part in: with the linear index in x, the first ones in weight and y, and how
 * many channels there are, one after the other.
 */
function forEachRun(
  testCase: ConvolutionCase,
  visit: (x: number, weight: number, y: number, outputs: number) => void,
): void {
  const { x, kernel, geometry } = testCase;
  const { y } = shapesOf(testCase);
  const [n, d, h, w, cin] = x as [number, number, number, number, number];
  const [, od, oh, ow, cout] = y as [number, number, number, number, number];
  const [inputs, outputs] = [cin / geometry.groups, cout / geometry.groups];
  const positionOf = (at: number, tap: number, axis: number): number =>
    at * geometry.stride[axis]! - geometry.padding[axis]! + tap * geometry.dilation[axis]!;
  for (let batch = 0; batch < n; batch++)
    for (let z = 0; z < od; z++)
      for (let r = 0; r < oh; r++)
        for (let c = 0; c < ow; c++)
          for (let tap = 0; tap < kernel[0] * kernel[1] * kernel[2]; tap++) {
            const iz = positionOf(z, Math.floor(tap / (kernel[1] * kernel[2])), 0);
            const ir = positionOf(r, Math.floor(tap / kernel[2]) % kernel[1], 1);
            const ic = positionOf(c, tap % kernel[2], 2);
            if (iz < 0 || iz >= d || ir < 0 || ir >= h || ic < 0 || ic >= w) continue;
            const from = (((batch * d + iz) * h + ir) * w + ic) * cin;
            const to = (((batch * od + z) * oh + r) * ow + c) * cout;
            for (let channel = 0; channel < cin; channel++) {
              const output = Math.floor(channel / inputs) * outputs;
              visit(from + channel, (tap * inputs + (channel % inputs)) * cout + output, to + output, outputs);
            }
          }
}

const filled = (shape: Shape, bias: ArrayLike<number> | undefined): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => bias?.[i % shape.at(-1)!] ?? 0);

export function referenceConv3d(
  testCase: ConvolutionCase,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias?: ArrayLike<number>,
): Float64Array {
  const y = filled(shapesOf(testCase).y, bias);
  const taps = Float64Array.from(weight);
  forEachRun(testCase, (i, j, k, outputs) => {
    const value = x[i]!;
    for (let o = 0; o < outputs; o++) y[k + o]! += value * taps[j + o]!;
  });
  return y;
}

export function referenceDataGradient(
  testCase: ConvolutionCase,
  dy: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias?: ArrayLike<number>,
): Float64Array {
  const dx = filled(testCase.x, bias);
  const [gradient, taps] = [Float64Array.from(dy), Float64Array.from(weight)];
  forEachRun(testCase, (i, j, k, outputs) => {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += gradient[k + o]! * taps[j + o]!;
    dx[i]! += sum;
  });
  return dx;
}

export function referenceWeightGradient(
  testCase: ConvolutionCase,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): Float64Array {
  const dweight = new Float64Array(sizeOf(shapesOf(testCase).weight));
  const gradient = Float64Array.from(dy);
  forEachRun(testCase, (i, j, k, outputs) => {
    const value = x[i]!;
    for (let o = 0; o < outputs; o++) dweight[j + o]! += value * gradient[k + o]!;
  });
  return dweight;
}
