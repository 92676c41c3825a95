/** Random cases of ops on volumes: convolutions, resampling, pooling. */
import type { Triple } from '../index.ts';
import * as vg from '../index.ts';
import type { Doubles } from './arrays.ts';
import type { Draw, Maker } from './draw.ts';
import { samplingAlong } from './sampling-cases.ts';
import { resized } from './splines.ts';
import * as volumes from './volumes.ts';

const triple = (draw: Draw, choices: readonly Triple[]): Triple => draw.pick(choices);
const KERNELS: readonly Triple[] = [
  [1, 1, 1],
  [2, 2, 2],
  [3, 3, 3],
  [1, 3, 3],
  [3, 1, 2],
];
const STRIDES: readonly Triple[] = [
  [1, 1, 1],
  [2, 2, 2],
  [1, 2, 2],
];
const PADDINGS: readonly Triple[] = [
  [0, 0, 0],
  [1, 1, 1],
  [0, 1, 1],
];

function window(draw: Draw): volumes.Window & { kernel: Triple; stride: Triple; padding: Triple; dilation: Triple } {
  const dilation = draw.pick([1, 1, 1, 2]);
  return {
    kernel: triple(draw, KERNELS),
    stride: triple(draw, STRIDES),
    padding: triple(draw, PADDINGS),
    dilation: [dilation, dilation, dilation],
    groups: draw.pick([1, 1, 2]),
  };
}

/** One bias of `[c]`, or, now and then, none. */
export const biasesOf = (draw: Draw, c: number): Doubles[] => (draw.unit() < 0.8 ? [draw.array([c])] : []);

/** Paddings of a transposed convolution of `space`: what is cut off at both ends leaves a voxel at least, what is added at the last is less than a stride. */
export function endsOf(
  draw: Draw,
  space: readonly number[],
  { kernel, stride, padding, dilation }: Omit<volumes.Window, 'groups'> & { readonly kernel: readonly number[] },
): { readonly padding: number[]; readonly outputPadding: number[] } {
  const outputPadding = stride.map((step) => draw.whole(0, step - 1));
  const largest = space.map(
    (extent, i) => (extent - 1) * stride[i]! + dilation[i]! * (kernel[i]! - 1) + outputPadding[i]!,
  );
  return { padding: padding.map((amount, i) => Math.min(amount, Math.floor(largest[i]! / 2))), outputPadding };
}

/** An input as large as its window needs, and a little more. */
const roomFor = (draw: Draw, { kernel, dilation }: ReturnType<typeof window>): number[] =>
  kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + draw.whole(0, 3));

const convolution: Maker = (draw) => {
  const geometry = window(draw);
  const { kernel, groups } = geometry;
  const [perGroup, outPerGroup] = [draw.pick([1, 2, 3, 4, 8]), draw.pick([1, 2, 3, 4, 8])];
  const cout = outPerGroup * groups;
  const biases = biasesOf(draw, cout);
  return {
    name: `conv3d ${JSON.stringify(geometry)} ${perGroup} → ${outPerGroup}, ${biases.length} bias`,
    inputs: [
      draw.array([draw.whole(1, 2), ...roomFor(draw, geometry), perGroup * groups]),
      draw.array([...kernel, perGroup, cout]),
      ...biases,
    ],
    run: ([x, w, bias]) => vg.conv3d(x!, w!, { ...geometry, bias }),
    reference: ([x, w, b]) => volumes.conv3d(x!, w!, b, geometry),
  };
};

const transposedConvolution: Maker = (draw) => {
  const drawn = window(draw);
  const { kernel, groups } = drawn;
  const space = draw.shape(3, 4);
  const { padding, outputPadding } = endsOf(draw, space, drawn);
  const geometry = { ...drawn, padding: padding as unknown as Triple };
  const [inPerGroup, perGroup] = [draw.pick([1, 2, 3, 4]), draw.pick([1, 2, 3, 4])];
  const biases = biasesOf(draw, perGroup * groups);
  return {
    name: `convTranspose3d ${JSON.stringify(geometry)}, ${outputPadding} more, ${inPerGroup} → ${perGroup}, ${biases.length} bias`,
    inputs: [
      draw.array([1, ...space, inPerGroup * groups]),
      draw.array([...kernel, perGroup, inPerGroup * groups]),
      ...biases,
    ],
    run: ([x, w, bias]) =>
      vg.convTranspose3d(x!, w!, { ...geometry, outputPadding: outputPadding as unknown as Triple, bias }),
    reference: ([x, w, b]) => volumes.convTranspose3d(x!, w!, b, geometry, outputPadding),
  };
};

const resampling: Maker = (draw) => {
  const mode = draw.pick(['nearest', 'nearest-exact', 'linear', 'linear', 'cubic'] as const);
  const alignCorners = (mode === 'linear' || mode === 'cubic') && draw.unit() < 0.3;
  const size = draw.shape(3, 6) as unknown as Triple;
  return {
    name: `interpolate ${mode} to ${size}${alignCorners ? ', corners aligned' : ''}`,
    inputs: [draw.array([1, ...draw.shape(3, 5), draw.whole(1, 3)])],
    run: ([x]) => vg.interpolate(x!, size, { mode, alignCorners }),
    reference: ([x]) => volumes.interpolate(x!, size, mode, alignCorners),
  };
};

const pooling: Maker = (draw) => {
  const mode = draw.pick(['max', 'average'] as const);
  const kernel = draw.pick<Triple>([
    [2, 2, 2],
    [1, 2, 2],
    [3, 3, 3],
  ]);
  const stride = triple(draw, STRIDES);
  const padding = kernel.map((extent) => draw.whole(0, extent >> 1)) as unknown as Triple;
  const countPadding = draw.unit() < 0.5;
  const op = mode === 'max' ? vg.maxPool3d : vg.averagePool3d;
  return {
    name: `${mode} pooling ${kernel} stride ${stride}, padding ${padding}, ${countPadding ? '' : 'not '}counted`,
    inputs: [draw.array([1, ...kernel.map((k) => k + draw.whole(0, 3)), draw.whole(1, 3)])],
    run: ([x]) => op(x!, { kernel, stride, padding, countPadding }),
    reference: ([x]) => volumes.pool(x!, mode, kernel, stride, padding, countPadding),
  };
};

const splines: Maker = (draw) => {
  const order = draw.pick([1, 2, 3] as const);
  const size = draw.shape(3, 6) as unknown as Triple;
  return {
    name: `resize by splines of order ${order} to ${size}`,
    inputs: [draw.array([1, ...draw.shape(3, 5), draw.whole(1, 3)])],
    run: ([x]) => vg.resize(x!, size, order),
    reference: ([x]) => resized(x!, size, order),
  };
};

export const VOLUME_CASES: Readonly<Record<string, Maker>> = {
  convolution,
  'more convolutions': convolution,
  transposedConvolution,
  resampling,
  splines,
  pooling,
  sampling: samplingAlong(3),
};
