/** Random cases of ops on volumes: convolutions, resampling, pooling. */
import type { Triple } from '../index.ts';
import * as vg from '../index.ts';
import type { Draw, Maker } from './draw.ts';
import { samplingAlong } from './sampling-cases.ts';
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

/** An input as large as its window needs, and a little more. */
const roomFor = (draw: Draw, { kernel, dilation }: ReturnType<typeof window>): number[] =>
  kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + draw.whole(0, 3));

const convolution: Maker = (draw) => {
  const geometry = window(draw);
  const { kernel, groups } = geometry;
  const [perGroup, outPerGroup] = [draw.pick([1, 2, 3, 4, 8]), draw.pick([1, 2, 3, 4, 8])];
  const cout = outPerGroup * groups;
  return {
    name: `conv3d ${JSON.stringify(geometry)} ${perGroup} → ${outPerGroup}`,
    inputs: [
      draw.array([draw.whole(1, 2), ...roomFor(draw, geometry), perGroup * groups]),
      draw.array([...kernel, perGroup, cout]),
      draw.array([cout]),
    ],
    run: ([x, w, b]) => vg.conv3d(x!, w!, { ...geometry, bias: b! }),
    reference: ([x, w, b]) => volumes.conv3d(x!, w!, b!, geometry),
  };
};

const transposedConvolution: Maker = (draw) => {
  const geometry = { ...window(draw), padding: [0, 0, 0] as Triple };
  const { kernel, groups } = geometry;
  const [inPerGroup, perGroup] = [draw.pick([1, 2, 3, 4]), draw.pick([1, 2, 3, 4])];
  return {
    name: `convTranspose3d ${JSON.stringify(geometry)} ${inPerGroup} → ${perGroup}`,
    inputs: [
      draw.array([1, ...draw.shape(3, 4), inPerGroup * groups]),
      draw.array([...kernel, perGroup, inPerGroup * groups]),
      draw.array([perGroup * groups]),
    ],
    run: ([x, w, b]) => vg.convTranspose3d(x!, w!, { ...geometry, bias: b! }),
    reference: ([x, w, b]) => volumes.convTranspose3d(x!, w!, b!, geometry, [0, 0, 0]),
  };
};

const resampling: Maker = (draw) => {
  const mode = draw.pick(['nearest', 'nearest-exact', 'linear', 'linear', 'cubic'] as const);
  const alignCorners = mode === 'linear' && draw.unit() < 0.3;
  const size = draw.shape(3, 6) as unknown as Triple;
  return {
    name: `interpolate ${mode} to ${size}`,
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
  const op = mode === 'max' ? vg.maxPool3d : vg.averagePool3d;
  return {
    name: `${mode} pooling ${kernel} stride ${stride}`,
    inputs: [draw.array([1, ...kernel.map((k) => k + draw.whole(0, 3)), draw.whole(1, 3)])],
    run: ([x]) => op(x!, { kernel, stride }),
    reference: ([x]) => volumes.pool(x!, mode, kernel, stride, [0, 0, 0]),
  };
};

export const VOLUME_CASES: Readonly<Record<string, Maker>> = {
  convolution,
  'more convolutions': convolution,
  transposedConvolution,
  resampling,
  pooling,
  sampling: samplingAlong(3),
};
