/** The convolutions of every device against plain loops in double precision. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import type { Shape } from '../../shape.ts';
import { describeOnEach, empty, expectClose, type Tolerance, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { all, CONVOLUTIONS, convolution } from './conv3d.cases.reference.ts';
import { referenceConv3d, referenceDataGradient, referenceWeightGradient, shapesOf } from './conv3d.reference.ts';

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

  describe.each(Object.entries(CONVOLUTIONS))('%s', (_, testCase) => {
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
