/** Options and shapes that no op can make sense of are refused by name, before a kernel makes something of them. */
import { expect, it } from 'vitest';
import type { Device } from '../device/device.ts';
import { type ErrorCode, isVoxelgradError } from '../errors.ts';
import {
  argMax,
  averagePool2d,
  batchNorm,
  cast,
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
  filterAxis,
  instanceNorm,
  interpolate,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maxPool3d,
  mean,
  min,
  mul,
  ones,
  padBorder,
  permute,
  reshape,
  sampleGrid,
  softmax,
  sum,
  type Tensor,
  tidy,
  variance,
  zeros,
} from '../index.ts';
import { describeOnEach } from '../testing.ts';

type Refused = readonly [code: ErrorCode, message: RegExp, run: (make: (shape: number[]) => Tensor) => Tensor];

const image = [1, 4, 4, 2];
const volume = [1, 4, 4, 4, 2];
const convolved = (options: object) => (make: (shape: number[]) => Tensor) =>
  conv3d(make(volume), make([3, 3, 3, 2, 2]), options);
const transposed = (options: object) => (make: (shape: number[]) => Tensor) =>
  convTranspose3d(make(volume), make([2, 2, 2, 2, 2]), options);

const statistics = (make: (shape: number[]) => Tensor) => ({
  weight: make([2]),
  bias: make([2]),
  runningMean: make([2]),
  runningVariance: make([2]),
});

const REFUSED: Readonly<Record<string, Refused>> = {
  'negative padding of a convolution': ['option', /padding.*-1/, convolved({ padding: -1 })],
  'a stride of 0': ['option', /stride/, convolved({ stride: [1, 0, 1] })],
  'a stride and a half': ['option', /stride/, convolved({ stride: 1.5 })],
  'a dilation of 0': ['option', /dilation/, convolved({ dilation: 0 })],
  'no groups': ['option', /groups/, convolved({ groups: 0 })],
  'a stride of 0 of images': [
    'option',
    /conv2d: stride.*\[1, 0\]/s,
    (make) => conv2d(make(image), make([3, 3, 2, 2]), { stride: [1, 0] }),
  ],
  'outputPadding of a stride or more': ['option', /outputPadding/, transposed({ stride: 2, outputPadding: 5 })],
  'negative outputPadding': ['option', /outputPadding/, transposed({ stride: 2, outputPadding: -1 })],
  'outputPadding of images': [
    'option',
    /convTranspose2d: outputPadding.*\[2, 2\] with stride \[2, 2\]/s,
    (make) => convTranspose2d(make(image), make([2, 2, 2, 2]), { stride: 2, outputPadding: 2 }),
  ],
  'padding that leaves nothing': ['shape', /output/, transposed({ padding: 3 })],
  'an unknown mode of interpolation': [
    'option',
    /mode.*nearest-exact.*trilinear/s,
    (make) => interpolate(make(volume), [2, 2, 2], { mode: 'trilinear' as 'linear' }),
  ],
  'an unknown mode of sampling': [
    'option',
    /mode/,
    (make) => sampleGrid(make(volume), make([1, 2, 2, 2, 3]), { mode: 'cubic' as 'linear' }),
  ],
  'an unknown outside': [
    'option',
    /outside/,
    (make) => sampleGrid(make(volume), make([1, 2, 2, 2, 3]), { outside: 'mirror' as 'edge' }),
  ],
  'windows that do not move': [
    'option',
    /stride/,
    (make) => maxPool3d(make(volume), { kernel: [2, 2, 2], stride: [0, 1, 1] }),
  ],
  'strides for two of three axes': [
    'option',
    /conv3d: stride.*3 whole numbers.*\[1, 1\]/s,
    convolved({ stride: [1, 1] }),
  ],
  'a weight of volumes for images': [
    'shape',
    /conv2d: weight.*\[3, 3, 3, 2, 2\]/s,
    (make) => conv2d(make(image), make([3, 3, 3, 2, 2])),
  ],
  'a weight of volumes for transposed images': [
    'shape',
    /convTranspose2d: weight.*\[2, 2, 2, 2, 2\]/s,
    (make) => convTranspose2d(make(image), make([2, 2, 2, 2, 2])),
  ],
  'a weight of other channels than an image has': [
    'shape',
    /conv2d: expected a weight \[kh, kw, 2, cout\].*got \[3, 3, 5, 2\] with x \[1, 4, 4, 2\]/s,
    (make) => conv2d(make(image), make([3, 3, 5, 2])),
  ],
  'an image smaller than the kernel': [
    'shape',
    /conv2d: expected.*got x \[1, 4, 4, 2\] with a kernel of \[5, 5\]/s,
    (make) => conv2d(make(image), make([5, 5, 2, 2])),
  ],
  'two strides too many for images': [
    'option',
    /conv2d: stride.*2 whole numbers.*\[1, 1, 1, 1\]/s,
    (make) => conv2d(make(image), make([3, 3, 2, 2]), { stride: [1, 1, 1, 1] as unknown as [1, 1] }),
  ],
  'a transposed weight of other channels than an image has': [
    'shape',
    /convTranspose2d: expected a weight \[kh, kw, cout \/ groups, 2\].*got \[2, 2, 2, 5\] with x \[1, 4, 4, 2\]/s,
    (make) => convTranspose2d(make(image), make([2, 2, 2, 5])),
  ],
  'a weight of another channel count in batchNorm': [
    'shape',
    /batchNorm: weight.*\[2\].*\[3\]/s,
    (make) => batchNorm(make(volume), { ...statistics(make), weight: make([3]), training: true }).y,
  ],
  'a running variance of one number in batchNorm': [
    'shape',
    /batchNorm: runningVariance.*\[2\].*\[1\]/s,
    (make) => batchNorm(make(volume), { ...statistics(make), runningVariance: make([1]), training: false }).y,
  ],
  'windows of two axes for volumes': [
    'option',
    /maxPool3d: kernel.*3 whole numbers.*\[2, 2\]/s,
    (make) => maxPool3d(make(volume), { kernel: [2, 2] as unknown as [2, 2, 2] }),
  ],
  'windows of three axes for images': [
    'option',
    /averagePool2d: kernel.*2 whole numbers.*\[2, 2, 2\]/s,
    (make) => averagePool2d(make(image), { kernel: [2, 2, 2] as unknown as [2, 2] }),
  ],
  'a shape that does not divide': [
    'shape',
    /reshape of \[2, 3\].*\[4, -1\]/s,
    (make) => reshape(make([2, 3]), [4, -1]),
  ],
  'axes that are not there': ['shape', /permute/, (make) => permute(make([2, 3]), [-3, 0])],
  'the same axis twice, once from the end': ['shape', /permute/, (make) => permute(make([2, 3]), [1, -1])],
  'borders of one of two axes': ['shape', /padBorder.*\[2, 3\]/s, (make) => padBorder(make([2, 3]), [[1, 1]], 'edge')],
  'borders of two axes where there is one': [
    'shape',
    /padBorder.*\[2\]/s,
    (make) =>
      padBorder(
        make([2]),
        [
          [1, 1],
          [1, 1],
        ],
        'edge',
      ),
  ],
  'a volume made of nothing': [
    'shape',
    /interpolate to \[2, 2, 2\].*\[1, 0, 4, 4, 2\]/s,
    (make) => interpolate(make([1, 0, 4, 4, 2]), [2, 2, 2]),
  ],
  'a weight of a norm in whole numbers': [
    'dtype',
    /instanceNorm: weight.*f32.*i32/s,
    (make) => {
      const affine = cast(make([2]), 'i32');
      return instanceNorm(make(image), { weight: affine, bias: affine });
    },
  ],
  'empty windows': ['option', /kernel/, (make) => averagePool2d(make(image), { kernel: [0, 2] })],
  'a filter of whole numbers': [
    'dtype',
    /filterAxis.*f32.*i32/s,
    (make) => filterAxis(cast(make(volume), 'i32'), make([1, 2, 3]), 1),
  ],
  'whole numbers as taps': [
    'dtype',
    /filterAxis: taps.*f32.*i32/s,
    (make) => filterAxis(make(volume), cast(make([1, 2, 3]), 'i32'), 1),
  ],
  'an even number of taps': ['shape', /filterAxis: taps.*odd/s, (make) => filterAxis(make(volume), make([1, 2, 2]), 1)],
  'the largest of nothing': ['shape', /max.*\[2, 0\]/, (make) => max(make([2, 0]), { axes: 1 })],
  'the smallest of nothing': ['shape', /min/, (make) => min(make([0]))],
  'the place of the largest of nothing': ['shape', /argMax/, (make) => argMax(make([2, 0]), 1)],
};

function errorOf(device: Device, run: Refused[2]): unknown {
  try {
    tidy(() => run((shape) => zeros(shape, { device })));
  } catch (error) {
    return error;
  }
  return undefined;
}

describeOnEach('refused on $name', ({ open }) => {
  it.each(Object.entries(REFUSED))('%s', async (_, [code, message, run]) => {
    const error = errorOf(await open(), run);
    expect(isVoxelgradError(error, code)).toBe(true);
    expect(String(error)).toMatch(message);
  });
});

describeOnEach('nothing on $name', ({ open }) => {
  it.each([softmax, logSoftmax])('has an empty softmax and gradient', async (op) => {
    const device = await open();
    const x = zeros([2, 0], { device }).requireGradient();
    const y = op(x);
    expect(y.shape).toEqual([2, 0]);
    tidy(() => sum(y).backward());
    expect(x.gradient!.shape).toEqual([2, 0]);
    for (const tensor of [x, y]) tensor.dispose();
  });

  it('has the largest values of no rows', async () => {
    const device = await open();
    const x = zeros([0, 3], { device });
    const largest = max(x, { axes: 1 });
    expect(largest.shape).toEqual([0]);
    for (const tensor of [x, largest]) tensor.dispose();
  });

  it('has the sum 0 and no mean, along any axis, and so the gradient of what it was stretched from', async () => {
    const device = await open();
    // What memory held before must not show through.
    tidy(() => ones([64], { device }));
    const found = tidy(() => {
      const x = zeros([0, 4], { device });
      const row = ones([1, 4], { device }).requireGradient();
      sum(mul(zeros([0, 4], { device }), row)).backward();
      return [sum, mean, logSumExp, variance].map((op) => op(x, { axes: 0 })).concat(row.gradient!.detach());
    });
    const expected = [0, Number.NaN, Number.NEGATIVE_INFINITY, Number.NaN, 0];
    for (const [i, tensor] of found.entries()) {
      expect([...(await tensor.data())]).toEqual(new Array(4).fill(expected[i]));
      tensor.dispose();
    }
  });

  it.each([
    [
      [3, 0],
      [0, 4],
    ],
    [
      [0, 3],
      [3, 4],
    ],
    [
      [3, 2],
      [2, 0],
    ],
    [
      [0, 3, 2],
      [2, 4],
    ],
  ])('is multiplied as a matrix: %j by %j, with gradients', async (left, right) => {
    const device = await open();
    const a = ones(left, { device }).requireGradient();
    const b = ones(right, { device }).requireGradient();
    const product = matmul(a, b);
    tidy(() => sum(product).backward());
    for (const tensor of [product, a.gradient!, b.gradient!])
      for (const value of await tensor.data()) expect(value).toBe(0);
    expect([a.gradient!.shape, b.gradient!.shape]).toEqual([left, right]);
    for (const tensor of [a, b, product]) tensor.dispose();
  });

  it('has minus infinity as the logarithm of its sum of exponentials', async () => {
    const device = await open();
    const x = zeros([2, 0], { device });
    const result = tidy(() => logSumExp(x, { axes: 1 }));
    expect([...(await result.data())]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    for (const tensor of [x, result]) tensor.dispose();
  });
});
