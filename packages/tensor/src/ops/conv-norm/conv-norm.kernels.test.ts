/**
 * A convolution with the norm that follows it, on every device: the convolution has the bits that it has alone, and the statistics and the normalised values are
 * those of plain loops in double precision over these. On WebGPU also as any GPU would have it by default, in tiles that leave moments.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../device/device.ts';
import { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { all, convolution } from '../conv3d/conv3d.cases.reference.ts';
import { type ConvolutionCase, shapesOf } from '../conv3d/conv3d.reference.ts';
import type { Kernels } from '../kernels.ts';
import { createWebgpuKernels } from '../webgpu-kernels.ts';
import { referenceInstanceNorm } from './conv-norm.reference.ts';

/** Samples that no tile divides, many tiles, few voxels, and convolutions that have no tiles. */
const CASES: Readonly<Record<string, ConvolutionCase>> = {
  'first layer, so many voxels that tiles are merged twice': convolution([1, 26, 26, 27, 1], 32, [1, 3, 3], {
    padding: [0, 1, 1],
  }),
  '3 → 5, 2 samples of 210 voxels': convolution([2, 5, 6, 7, 3], 5, all(3), { padding: all(1) }),
  '3 → 6 with stride 2, 2 samples of 343 voxels': convolution([2, 13, 13, 13, 3], 6, all(3), {
    stride: all(2),
    padding: all(1),
  }),
  '8 → 36, 2 samples of 210 voxels': convolution([2, 5, 6, 7, 8], 36, all(3), { padding: all(1) }),
  '1×1×1, 5 → 16, 3 samples of 128 voxels': convolution([3, 4, 4, 8, 5], 16, all(1)),
  'images: 1×3×3, 5 → 8': convolution([2, 1, 20, 13, 5], 8, [1, 3, 3], { padding: [0, 1, 1] }),
  '3 samples of 8 voxels': convolution([3, 4, 4, 4, 3], 5, all(2), { stride: all(2) }),
  'two groups': convolution([1, 4, 5, 3, 8], 4, all(3), { padding: all(1), groups: 2 }),
  'a batch of none': convolution([0, 4, 4, 4, 3], 5, all(3), { padding: all(1) }),
};

const SETTINGS = { epsilon: 1e-5, slope: 0.01 };

/** The device's kernels, and those that it would have as a GPU. */
function kernelsOf(device: Device): Kernels[] {
  if (!(device instanceof WebgpuDevice)) return [device.kernels];
  const gpu: WebgpuDevice = Object.create(device, { description: { value: 'a GPU' } });
  return [device.kernels, createWebgpuKernels(gpu)];
}

describeOnEach('a convolution with the norm that follows it on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  /** Values of `testCase`, with biases about `offset`. */
  const operandsOf = (testCase: ConvolutionCase, dtype: 'f32' | 'f16', offset: number) => {
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const { cout } = testCase;
    const [scales, shifts] = [testValues([cout], 4).map((value) => value + 1.5), testValues([cout], 5)];
    return {
      yShape,
      scales,
      shifts,
      x: upload(device, dtype, testCase.x, testValues(testCase.x, 1)),
      weight: upload(device, dtype, weightShape, testValues(weightShape, 2)),
      bias: upload(
        device,
        'f32',
        [cout],
        testValues([cout], 3).map((value) => offset * (1 + value)),
      ),
      scale: upload(device, 'f32', [cout], scales),
      shift: upload(device, 'f32', [cout], shifts),
    };
  };

  const run = (kernels: Kernels, testCase: ConvolutionCase, operands: ReturnType<typeof operandsOf>) => {
    const { x, weight, bias, scale, shift, yShape } = operands;
    const { geometry, cout } = testCase;
    const [y, z] = [empty(device, x.dtype, yShape), empty(device, x.dtype, yShape)];
    const [mean, inverseDeviation] = [
      empty(device, 'f32', [yShape[0]!, cout]),
      empty(device, 'f32', [yShape[0]!, cout]),
    ];
    const settings = { groups: cout, ...SETTINGS };
    kernels.conv3dNorm(x, weight, bias, y, geometry, scale, shift, z, mean, inverseDeviation, settings);
    return { y, z, mean, inverseDeviation };
  };

  describe.each(Object.entries(CASES))('%s', (_, testCase) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const operands = operandsOf(testCase, dtype, 1);
      const { x, weight, bias, yShape, scales, shifts } = operands;
      // All are enqueued before the first is read, so that their pipelines are compiled in parallel.
      const results = kernelsOf(device).map((kernels) => {
        const alone = empty(device, dtype, yShape);
        kernels.conv3d(x, weight, bias, alone, testCase.geometry);
        return { alone, first: run(kernels, testCase, operands), again: run(kernels, testCase, operands) };
      });
      for (const { alone, first, again } of results) {
        const [y, z, mean, inverseDeviation] = [
          await device.read(first.y),
          await device.read(first.z),
          await device.read(first.mean),
          await device.read(first.inverseDeviation),
        ];
        expect(y).toEqual(await device.read(alone));
        const expected = referenceInstanceNorm(y, yShape, scales, shifts, SETTINGS);
        expectClose(mean, expected.mean, { rtol: 1e-5, atol: 1e-6 });
        expectClose(inverseDeviation, expected.inverseDeviation, { rtol: 1e-5 });
        expectClose(z, expected.z, dtype === 'f16' ? { rtol: 6e-4, atol: 3e-5 } : { rtol: 2e-5, atol: 2e-5 });
        expect(await device.read(again.z)).toEqual(z);
        expect(await device.read(again.mean)).toEqual(mean);
        expect(await device.read(again.inverseDeviation)).toEqual(inverseDeviation);
      }
    });
  });

  it.each(['first layer, so many voxels that tiles are merged twice', '3 → 5, 2 samples of 210 voxels'])(
    'nothing cancels where means are hundreds of deviations: %s',
    async (name) => {
      const testCase = CASES[name]!;
      const operands = operandsOf(testCase, 'f32', 1000);
      for (const kernels of kernelsOf(device)) {
        const { y, mean, inverseDeviation } = run(kernels, testCase, operands);
        const { yShape, scales, shifts } = operands;
        const expected = referenceInstanceNorm(await device.read(y), yShape, scales, shifts, SETTINGS);
        expectClose(await device.read(mean), expected.mean, { rtol: 1e-6 });
        expectClose(await device.read(inverseDeviation), expected.inverseDeviation, { rtol: 1e-5 });
      }
    },
  );
});
