/**
 * The algorithms of the cpu device that small shapes do not reach, against plain loops in double precision; the same bits for any number of threads.
 * Values are scaled so that results are around 1.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { openCpu } from '../../device/cpu/node.ts';
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import { empty, expectClose, testValues, upload } from '../../testing.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import {
  type ConvolutionCase,
  referenceConv3d,
  referenceDataGradient,
  referenceWeightGradient,
  shapesOf,
} from './conv3d.reference.ts';

const all = (value: number): Triple => [value, value, value];
const plain: Conv3dGeometry = { stride: all(1), padding: all(1), dilation: all(1), groups: 1 };

const CASES: Record<string, ConvolutionCase> = {
  'Winograd in three commands, odd extents, channels no multiples of 8': {
    x: [2, 9, 10, 11, 12],
    cout: 20,
    kernel: all(3),
    geometry: plain,
  },
  'Winograd with weights of more than 4 MB, channels no multiples of 8 or 64': {
    x: [1, 8, 8, 6, 204],
    cout: 188,
    kernel: all(3),
    geometry: plain,
  },
  'Winograd in blocks': { x: [1, 34, 33, 35, 8], cout: 12, kernel: all(3), geometry: plain },
  'Winograd with its weight gradient in parts': { x: [1, 45, 48, 41, 8], cout: 8, kernel: all(3), geometry: plain },
  'Winograd without padding': {
    x: [1, 12, 17, 15, 8],
    cout: 8,
    kernel: all(3),
    geometry: { ...plain, padding: all(0) },
  },
  'Winograd with padding 2, 0, 3': {
    x: [1, 9, 14, 13, 8],
    cout: 16,
    kernel: all(3),
    geometry: { ...plain, padding: [2, 0, 3] },
  },
  'Winograd 1×3×3': { x: [2, 6, 21, 18, 8], cout: 16, kernel: [1, 3, 3], geometry: { ...plain, padding: [0, 1, 1] } },
  'a first layer': { x: [1, 15, 16, 17, 1], cout: 16, kernel: all(3), geometry: plain },
  'a first layer of 3 channels, odd extents, channels no multiple of 8': {
    x: [2, 11, 13, 19, 3],
    cout: 20,
    kernel: all(3),
    geometry: plain,
  },
  'a first layer 1×3×3 with stride 1, 2, 3, padding 0, 2, 1': {
    x: [2, 9, 30, 31, 2],
    cout: 12,
    kernel: [1, 3, 3],
    geometry: { ...plain, stride: [1, 2, 3], padding: [0, 2, 1] },
  },
  'a first layer with dilation 2, 2, 1, wider than a panel': {
    x: [1, 7, 8, 301, 1],
    cout: 8,
    kernel: all(3),
    geometry: { ...plain, dilation: [2, 2, 1], padding: [2, 0, 1] },
  },
  'a first layer with stride 2, 4 channels': {
    x: [1, 26, 27, 28, 4],
    cout: 9,
    kernel: all(3),
    geometry: { ...plain, stride: all(2) },
  },
  'stride 2': { x: [1, 21, 20, 23, 9], cout: 16, kernel: all(3), geometry: { ...plain, stride: all(2) } },
  'stride 2 through fewer products': {
    x: [1, 31, 32, 33, 16],
    cout: 20,
    kernel: all(3),
    geometry: { ...plain, stride: all(2) },
  },
  'stride 2 through fewer products, padding 0, 2, 1': {
    x: [2, 32, 22, 25, 24],
    cout: 16,
    kernel: all(3),
    geometry: { ...plain, stride: all(2), padding: [0, 2, 1] },
  },
  'a transposed convolution': {
    x: [1, 16, 18, 20, 8],
    cout: 16,
    kernel: all(2),
    geometry: { ...plain, stride: all(2), padding: all(0) },
  },
  'a segmentation head': { x: [2, 13, 14, 15, 16], cout: 3, kernel: all(1), geometry: { ...plain, padding: all(0) } },
  'two groups with dilation': {
    x: [1, 12, 11, 13, 10],
    cout: 6,
    kernel: all(3),
    geometry: { ...plain, dilation: [1, 2, 2], groups: 2 },
  },
};

function scaledValues(shape: Shape, seed: number, summands: number): Float32Array {
  const scale = 1 / Math.sqrt(summands);
  return testValues(shape, seed).map((value) => value * scale);
}

describe('conv3d on the cpu', () => {
  let devices: readonly CpuDevice[];
  beforeAll(async () => {
    devices = [
      await openCpu({ threads: 1 }),
      // More threads than parts of a weight gradient.
      await openCpu({ threads: 17 }),
      await openCpu({ threads: 2, wideSimd: false }),
      await openCpu({ threads: 2, relaxedSimd: false }),
    ];
  });
  afterAll(async () => {
    for (const device of devices) await device.close();
  });

  it.each(Object.entries(CASES))('%s', async (_, testCase) => {
    const { x: xShape, geometry, cout, kernel } = testCase;
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const [cin, taps] = [xShape[4]! / geometry.groups, sizeOf(kernel)];
    const xs = testValues(xShape, 1);
    const dys = testValues(yShape, 3);
    const smallDys = scaledValues(yShape, 3, sizeOf(yShape) / cout);
    const weights = scaledValues(weightShape, 2, taps * cin);
    const yBias = testValues([cout], 4);
    const xBias = testValues([xShape[4]!], 5);
    const expected = [
      referenceConv3d(testCase, xs, weights, yBias),
      referenceDataGradient(testCase, dys, weights, xBias),
      referenceWeightGradient(testCase, xs, smallDys),
    ];
    const results: ArrayLike<number>[][] = [];
    for (const device of devices) {
      const before = device.memory().usedBytes;
      const x = upload(device, 'f32', xShape, xs);
      const weight = upload(device, 'f32', weightShape, weights);
      const dy = upload(device, 'f32', yShape, dys);
      const smallDy = upload(device, 'f32', yShape, smallDys);
      const yBiases = upload(device, 'f32', [cout], yBias);
      const xBiases = upload(device, 'f32', [xShape[4]!], xBias);
      const outputs = [yShape, xShape, weightShape].map((shape) =>
        upload(device, 'f32', shape, new Float32Array(sizeOf(shape)).fill(Number.NaN)),
      );
      const [y, dx, dweight] = outputs;
      device.kernels.conv3d(x, weight, yBiases, y!, geometry);
      device.kernels.conv3dDataGradient(dy, weight, xBiases, dx!, geometry);
      device.kernels.conv3dWeightGradient(x, smallDy, dweight!, geometry);
      const values: ArrayLike<number>[] = [];
      for (const output of outputs) values.push(await device.read(output));
      for (const [i, value] of values.entries()) expectClose(value, expected[i]!, { rtol: 1e-4, atol: 2e-5 });
      results.push(values);
      for (const operand of [x, weight, dy, smallDy, yBiases, xBiases, ...outputs]) device.free(operand.buffer);
      expect(device.memory().usedBytes).toBe(before);
    }
    // Only the last device rounds otherwise.
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('takes a batch of none', async () => {
    const device = devices[0]!;
    const x = empty(device, 'f32', [0, 4, 4, 4, 8]);
    const dy = empty(device, 'f32', [0, 4, 4, 4, 8]);
    const dweight = upload(device, 'f32', [3, 3, 3, 8, 8], new Float32Array(27 * 64).fill(Number.NaN));
    device.kernels.conv3dWeightGradient(x, dy, dweight, plain);
    expect(await device.read(dweight)).toEqual(new Float32Array(27 * 64));
    for (const operand of [x, dy, dweight]) device.free(operand.buffer);
  });
});
