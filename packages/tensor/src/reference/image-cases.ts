/** Random cases of ops on images `[n, h, w, c]`, which are volumes of depth one to the reference. */
import type { Pair } from '../index.ts';
import * as vg from '../index.ts';
import type { Doubles } from './arrays.ts';
import type { Maker } from './draw.ts';
import { samplingAlong } from './sampling-cases.ts';
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

const convolution: Maker = (draw) => {
  const [kernel, stride] = [draw.pick(KERNELS), draw.pick(STRIDES)];
  const padding: Pair = draw.pick([
    [0, 0],
    [1, 1],
  ] as const);
  const [cin, cout] = [draw.whole(1, 4), draw.whole(1, 4)];
  const geometry = { stride: [1, ...stride], padding: [0, ...padding], dilation: [1, 1, 1], groups: 1 };
  return {
    name: `conv2d ${kernel}, stride ${stride}, padding ${padding}, ${cin} → ${cout}`,
    inputs: [
      draw.array([draw.whole(1, 2), ...kernel.map((k) => k + draw.whole(0, 3)), cin]),
      draw.array([...kernel, cin, cout]),
      draw.array([cout]),
    ],
    run: ([x, w, b]) => vg.conv2d(x!, w!, { stride, padding, bias: b! }),
    reference: ([x, w, b]) => flattened(volumes.conv3d(deepened(x!), thickened(w!), b!, geometry)),
  };
};

const transposedConvolution: Maker = (draw) => {
  const [kernel, stride] = [draw.pick(KERNELS), draw.pick(STRIDES)];
  const [cin, cout] = [draw.whole(1, 4), draw.whole(1, 4)];
  const geometry = { stride: [1, ...stride], padding: [0, 0, 0], dilation: [1, 1, 1], groups: 1 };
  return {
    name: `convTranspose2d ${kernel}, stride ${stride}, ${cin} → ${cout}`,
    inputs: [draw.array([1, ...draw.shape(2, 4), cin]), draw.array([...kernel, cout, cin]), draw.array([cout])],
    run: ([x, w, b]) => vg.convTranspose2d(x!, w!, { stride, bias: b! }),
    reference: ([x, w, b]) => flattened(volumes.convTranspose3d(deepened(x!), thickened(w!), b!, geometry, [0, 0, 0])),
  };
};

const resampling: Maker = (draw) => {
  const mode = draw.pick(['nearest', 'nearest-exact', 'linear', 'cubic'] as const);
  const size = draw.shape(2, 6) as unknown as Pair;
  return {
    name: `interpolate an image, ${mode}, to ${size}`,
    inputs: [draw.array([2, ...draw.shape(2, 5), draw.whole(1, 3)])],
    run: ([x]) => vg.interpolate(x!, size, { mode }),
    reference: ([x]) => flattened(volumes.interpolate(deepened(x!), [1, ...size], mode, false)),
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
  const padding = kernel.map((extent) => extent >> 1) as unknown as Pair;
  const op = mode === 'max' ? vg.maxPool2d : vg.averagePool2d;
  return {
    name: `${mode} pooling of an image ${kernel} stride ${stride}`,
    inputs: [draw.array([1, ...kernel.map((k) => k + draw.whole(0, 3)), draw.whole(1, 3)])],
    run: ([x]) => op(x!, { kernel, stride, padding }),
    reference: ([x]) => flattened(volumes.pool(deepened(x!), mode, [1, ...kernel], [1, ...stride], [0, ...padding])),
  };
};

export const IMAGE_CASES: Readonly<Record<string, Maker>> = {
  'convolution of images': convolution,
  'transposed convolution of images': transposedConvolution,
  'resampling of images': resampling,
  'pooling of images': pooling,
  'sampling of images': samplingAlong(2),
};
