/** The convolutions of every device against plain loops in double precision. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import type { Shape, Triple } from '../../shape.ts';
import { describeOnEach, empty, expectClose, type Tolerance, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import {
  type ConvolutionCase,
  referenceConv3d,
  referenceDataGradient,
  referenceWeightGradient,
  shapesOf,
} from './conv3d.reference.ts';

const all = (value: number): Triple => [value, value, value];

function convolution(
  x: Shape,
  cout: number,
  kernel: Triple,
  { stride = all(1), padding = all(0), dilation = all(1), groups = 1 }: Partial<Conv3dGeometry> = {},
): ConvolutionCase {
  return { x, cout, kernel, geometry: { stride, padding, dilation, groups } };
}

const CASES: Record<string, ConvolutionCase> = {
  'a segmentation head, 1×1×1, 32 → 3': convolution([2, 3, 4, 5, 32], 3, all(1)),
  '1×1×1, 17 → 4': convolution([1, 3, 5, 4, 17], 4, all(1)),
  '1×1×1 with stride 2, 4 → 8': convolution([1, 5, 6, 7, 4], 8, all(1), { stride: all(2) }),
  'the first layer, 3×3×3, 1 → 32': convolution([1, 5, 6, 7, 1], 32, all(3), { padding: all(1) }),
  '3×3×3, 3 → 4': convolution([2, 4, 5, 3, 3], 4, all(3), { padding: all(1) }),
  '3×3×3, 4 → 4': convolution([1, 5, 4, 7, 4], 4, all(3), { padding: all(1) }),
  '3×3×3, 32 → 32': convolution([1, 5, 6, 7, 32], 32, all(3), { padding: all(1) }),
  '3×3×3, 17 → 17': convolution([1, 4, 3, 5, 17], 17, all(3), { padding: all(1) }),
  '3×3×3, 8 → 72': convolution([1, 3, 4, 5, 8], 72, all(3), { padding: all(1) }),
  '3×3×3 without padding, 16 → 12': convolution([2, 5, 4, 6, 16], 12, all(3)),
  '3×3×3 with stride 2, 8 → 16': convolution([2, 7, 6, 5, 8], 16, all(3), { stride: all(2), padding: all(1) }),
  '3×3×3 with stride 2, 3 → 5': convolution([1, 6, 5, 8, 3], 5, all(3), { stride: all(2), padding: all(1) }),
  '3×3×3 with stride 1, 2, 2': convolution([1, 4, 7, 6, 4], 8, all(3), { stride: [1, 2, 2], padding: all(1) }),
  '3×3×3 with dilation 2': convolution([1, 6, 7, 5, 4], 4, all(3), { padding: all(2), dilation: all(2) }),
  '3×3×3 with stride 2 and dilation 2': convolution([1, 7, 8, 6, 4], 4, all(3), {
    stride: all(2),
    padding: all(2),
    dilation: all(2),
  }),
  '3×3×3 with stride 3 and dilation 2': convolution([1, 9, 8, 7, 4], 8, all(3), {
    stride: all(3),
    padding: [1, 2, 0],
    dilation: [2, 1, 2],
  }),
  '1×3×3, 4 → 8': convolution([2, 3, 6, 5, 4], 8, [1, 3, 3], { padding: [0, 1, 1] }),
  '1×3×3 with stride 1, 2, 2': convolution([1, 3, 6, 7, 4], 8, [1, 3, 3], { stride: [1, 2, 2], padding: [0, 1, 1] }),
  '2×2×2 with stride 2, as upsampling transposes, 32 → 16': convolution([1, 4, 6, 4, 32], 16, all(2), {
    stride: all(2),
  }),
  '2×2×2 with stride 2, odd extents': convolution([1, 5, 7, 3, 3], 6, all(2), { stride: all(2) }),
  '1×2×2 with stride 1, 2, 2': convolution([1, 3, 4, 6, 8], 4, [1, 2, 2], { stride: [1, 2, 2] }),
  '1×1×1 with stride 3: voxels that no window reads': convolution([1, 5, 4, 7, 4], 4, all(1), { stride: all(3) }),
  '5×5×5': convolution([1, 6, 5, 7, 4], 4, all(5), { padding: all(2) }),
  '7×7×7': convolution([1, 4, 5, 7, 2], 4, all(7), { padding: all(3) }),
  '1×1×11: a long axis': convolution([1, 2, 3, 13, 4], 4, [1, 1, 11], { padding: [0, 0, 5] }),
  'two groups': convolution([1, 4, 5, 3, 8], 4, all(3), { padding: all(1), groups: 2 }),
  'groups with stride and dilation': convolution([1, 6, 7, 5, 6], 9, [3, 2, 3], {
    stride: [2, 1, 2],
    padding: [1, 0, 2],
    dilation: [1, 2, 2],
    groups: 3,
  }),
  depthwise: convolution([1, 5, 4, 6, 17], 17, all(3), { padding: all(1), groups: 17 }),
  'one voxel': convolution([1, 1, 1, 1, 4], 8, all(3), { padding: all(1) }),
};

/** Sums are f32 in both; an f16 result is rounded once. */
/** f32: the relative tolerance of the golden cases, since Winograd's transforms round more than a plain sum. */
const TOLERANCE: Partial<Record<DType, Tolerance>> = {
  f32: { rtol: 1e-4, atol: 3e-5 },
  f16: { rtol: 6e-4, atol: 5e-5 },
};

/** Values that f16 holds exactly. */
const coarse = (shape: Shape, seed: number): Float32Array =>
  testValues(shape, seed).map((value) => Math.round(value * 256) / 256);

describeOnEach('conv3d kernels on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  describe.each(Object.entries(CASES))('%s', (_, testCase) => {
    const { x: xShape, geometry } = testCase;
    const { y: yShape, weight: weightShape } = shapesOf(testCase);

    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const tolerance = TOLERANCE[dtype]!;
      const [xs, weights, dys] = [coarse(xShape, 1), coarse(weightShape, 2), coarse(yShape, 3)];
      const yBias = testValues([testCase.cout], 4);
      const xBias = testValues([xShape[4]!], 5);
      const x = upload(device, dtype, xShape, xs);
      const weight = upload(device, dtype, weightShape, weights);
      const dy = upload(device, dtype, yShape, dys);
      const yBiases = upload(device, 'f32', [testCase.cout], yBias);
      const xBiases = upload(device, 'f32', [xShape[4]!], xBias);
      const { kernels } = device;

      // All are enqueued before the first is read, so that their pipelines are compiled in parallel.
      const [y, biasedY, dx, biasedDx] = [yShape, yShape, xShape, xShape].map((shape) =>
        empty(device, dtype, shape),
      ) as [Operand, Operand, Operand, Operand];
      const dweight = empty(device, 'f32', weightShape);
      kernels.conv3d(x, weight, undefined, y, geometry);
      kernels.conv3d(x, weight, yBiases, biasedY, geometry);
      kernels.conv3dDataGradient(dy, weight, undefined, dx, geometry);
      kernels.conv3dDataGradient(dy, weight, xBiases, biasedDx, geometry);
      kernels.conv3dWeightGradient(x, dy, dweight, geometry);

      expectClose(await device.read(y), referenceConv3d(testCase, xs, weights), tolerance);
      expectClose(await device.read(biasedY), referenceConv3d(testCase, xs, weights, yBias), tolerance);
      expectClose(await device.read(dx), referenceDataGradient(testCase, dys, weights), tolerance);
      expectClose(await device.read(biasedDx), referenceDataGradient(testCase, dys, weights, xBias), tolerance);
      expectClose(await device.read(dweight), referenceWeightGradient(testCase, xs, dys), TOLERANCE.f32);
      for (const operand of [x, weight, dy, yBiases, xBiases, y, biasedY, dx, biasedDx, dweight])
        device.free(operand.buffer);
    });
  });

  it('gives the same bits every time', async () => {
    const testCase = convolution([1, 9, 10, 11, 8], 8, all(3), { padding: all(1) });
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const x = upload(device, 'f32', testCase.x, testValues(testCase.x, 6));
    const dy = upload(device, 'f32', yShape, testValues(yShape, 7));
    const run = async (): Promise<ArrayLike<number>> => {
      const dweight = empty(device, 'f32', weightShape);
      device.kernels.conv3dWeightGradient(x, dy, dweight, testCase.geometry);
      return device.read(dweight);
    };
    expect(await run()).toEqual(await run());
  });

  it('a batch of none gives a weight gradient of zeros', async () => {
    const testCase = convolution([0, 4, 4, 4, 4], 4, all(3), { padding: all(1) });
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const x = upload(device, 'f32', testCase.x, []);
    const dy = upload(device, 'f32', yShape, []);
    const dweight = upload(device, 'f32', weightShape, testValues(weightShape));
    device.kernels.conv3dWeightGradient(x, dy, dweight, testCase.geometry);
    expectClose(await device.read(dweight), new Float32Array(27 * 16));
  });
});
