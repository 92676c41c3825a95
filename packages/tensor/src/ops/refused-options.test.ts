/** Options and shapes that no op can make sense of are refused by name, before a kernel makes something of them. */
import { expect, it } from 'vitest';
import type { Device } from '../device/device.ts';
import { type ErrorCode, isVoxelgradError } from '../errors.ts';
import {
  argMax,
  averagePool2d,
  cast,
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
  filterAxis,
  interpolate,
  logSoftmax,
  logSumExp,
  max,
  maxPool3d,
  min,
  sampleGrid,
  softmax,
  sum,
  type Tensor,
  tidy,
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

const REFUSED: Readonly<Record<string, Refused>> = {
  'negative padding of a convolution': ['option', /padding.*-1/, convolved({ padding: -1 })],
  'a stride of 0': ['option', /stride/, convolved({ stride: [1, 0, 1] })],
  'a stride and a half': ['option', /stride/, convolved({ stride: 1.5 })],
  'a dilation of 0': ['option', /dilation/, convolved({ dilation: 0 })],
  'no groups': ['option', /groups/, convolved({ groups: 0 })],
  'a stride of 0 of images': [
    'option',
    /stride/,
    (make) => conv2d(make(image), make([3, 3, 2, 2]), { stride: [1, 0] }),
  ],
  'outputPadding of a stride or more': ['option', /outputPadding/, transposed({ stride: 2, outputPadding: 5 })],
  'negative outputPadding': ['option', /outputPadding/, transposed({ stride: 2, outputPadding: -1 })],
  'outputPadding of images': [
    'option',
    /outputPadding/,
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

  it('has minus infinity as the logarithm of its sum of exponentials', async () => {
    const device = await open();
    const x = zeros([2, 0], { device });
    const result = tidy(() => logSumExp(x, { axes: 1 }));
    expect([...(await result.data())]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    for (const tensor of [x, result]) tensor.dispose();
  });
});
