/** Random cases of ops on images `[n, h, w, c]`, which are volumes of depth one to the reference. */
import type { Pair } from '../index.ts';
import * as vg from '../index.ts';
import type { Doubles } from './arrays.ts';
import type { Draw, Maker } from './draw.ts';
import { samplingAlong } from './sampling-cases.ts';
import { biasesOf, endsOf } from './volume-cases.ts';
import * as volumes from './volumes.ts';

/** An image as a volume of depth one, and back. */
const deepened = ({ shape, data }: Doubles): Doubles => ({ shape: shape.toSpliced(1, 0, 1), data });
const flattened = ({ shape, data }: Doubles): Doubles => ({ shape: shape.toSpliced(1, 1), data });

const thickened = ({ shape, data }: Doubles): Doubles => ({ shape: [1, ...shape], data });

const KERNELS: readonly Pair[] = [
  [1, 1],
  [3, 3],
  [2, 3],
];
const STRIDES: readonly Pair[] = [
  [1, 1],
  [2, 2],
  [2, 1],
];

const PADDINGS: readonly Pair[] = [
  [0, 0],
  [1, 1],
  [1, 0],
];
const DILATIONS: readonly Pair[] = [
  [1, 1],
  [1, 1],
  [2, 1],
];

const window = (draw: Draw) => ({
  kernel: draw.pick(KERNELS),
  stride: draw.pick(STRIDES),
  padding: draw.pick(PADDINGS),
  dilation: draw.pick(DILATIONS),
  groups: draw.pick([1, 1, 2]),
});

/** The same window with a depth of one. */
const deep = ({ stride, padding, dilation, groups }: volumes.Window): volumes.Window => ({
  stride: [1, ...stride],
  padding: [0, ...padding],
  dilation: [1, ...dilation],
  groups,
});

const convolution: Maker = (draw) => {
  const geometry = window(draw);
  const { kernel, dilation, groups } = geometry;
  const [perGroup, outPerGroup] = [draw.whole(1, 4), draw.whole(1, 4)];
  const biases = biasesOf(draw, outPerGroup * groups);
  return {
    name: `conv2d ${JSON.stringify(geometry)} ${perGroup} → ${outPerGroup}, ${biases.length} bias`,
    inputs: [
      draw.array([
        draw.whole(1, 2),
        ...kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + draw.whole(0, 3)),
        perGroup * groups,
      ]),
      draw.array([...kernel, perGroup, outPerGroup * groups]),
      ...biases,
    ],
    run: ([x, w, bias]) => vg.conv2d(x!, w!, { ...geometry, bias }),
    reference: ([x, w, b]) => flattened(volumes.conv3d(deepened(x!), thickened(w!), b, deep(geometry))),
  };
};

const transposedConvolution: Maker = (draw) => {
  const drawn = window(draw);
  const { kernel, groups } = drawn;
  const space = draw.shape(2, 4);
  const { padding, outputPadding } = endsOf(draw, space, drawn);
  const geometry = { ...drawn, padding: padding as unknown as Pair };
  const [inPerGroup, perGroup] = [draw.whole(1, 4), draw.whole(1, 4)];
  const biases = biasesOf(draw, perGroup * groups);
  return {
    name: `convTranspose2d ${JSON.stringify(geometry)}, ${outputPadding} more, ${inPerGroup} → ${perGroup}, ${biases.length} bias`,
    inputs: [
      draw.array([1, ...space, inPerGroup * groups]),
      draw.array([...kernel, perGroup, inPerGroup * groups]),
      ...biases,
    ],
    run: ([x, w, bias]) =>
      vg.convTranspose2d(x!, w!, { ...geometry, outputPadding: outputPadding as unknown as Pair, bias }),
    reference: ([x, w, b]) =>
      flattened(volumes.convTranspose3d(deepened(x!), thickened(w!), b, deep(geometry), [0, ...outputPadding])),
  };
};

const resampling: Maker = (draw) => {
  const mode = draw.pick(['nearest', 'nearest-exact', 'linear', 'cubic'] as const);
  const alignCorners = (mode === 'linear' || mode === 'cubic') && draw.unit() < 0.3;
  const size = draw.shape(2, 6) as unknown as Pair;
  return {
    name: `interpolate an image, ${mode}, to ${size}${alignCorners ? ', corners aligned' : ''}`,
    inputs: [draw.array([2, ...draw.shape(2, 5), draw.whole(1, 3)])],
    run: ([x]) => vg.interpolate(x!, size, { mode, alignCorners }),
    reference: ([x]) => flattened(volumes.interpolate(deepened(x!), [1, ...size], mode, alignCorners)),
  };
};

const pooling: Maker = (draw) => {
  const mode = draw.pick(['max', 'average'] as const);
  const kernel = draw.pick<Pair>([
    [2, 2],
    [1, 2],
    [3, 3],
  ]);
  const stride = draw.pick<Pair>([
    [1, 1],
    [2, 1],
  ]);
  const padding = kernel.map((extent) => draw.whole(0, extent >> 1)) as unknown as Pair;
  const countPadding = draw.unit() < 0.5;
  const op = mode === 'max' ? vg.maxPool2d : vg.averagePool2d;
  return {
    name: `${mode} pooling of an image ${kernel} stride ${stride}, padding ${padding}, ${countPadding ? '' : 'not '}counted`,
    inputs: [draw.array([1, ...kernel.map((k) => k + draw.whole(0, 3)), draw.whole(1, 3)])],
    run: ([x]) => op(x!, { kernel, stride, padding, countPadding }),
    reference: ([x]) =>
      flattened(volumes.pool(deepened(x!), mode, [1, ...kernel], [1, ...stride], [0, ...padding], countPadding)),
  };
};

export const IMAGE_CASES: Readonly<Record<string, Maker>> = {
  'convolution of images': convolution,
  'transposed convolution of images': transposedConvolution,
  'resampling of images': resampling,
  'pooling of images': pooling,
  'sampling of images': samplingAlong(2),
};
