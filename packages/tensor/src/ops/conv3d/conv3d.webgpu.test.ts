/** Every tile shape of the WebGPU convolutions against the direct kernels, which know nothing of tiles. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Operand } from '../../device/device.ts';
import { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { describeOn, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { type ConvolutionCase, shapesOf } from './conv3d.reference.ts';
import { TILE_VARIANTS } from './conv3d.variants.ts';
import { directConv3d } from './conv3d-direct.webgpu.ts';
import { gatherWebgpu } from './conv3d-gather.webgpu.ts';
import { weightGradientWebgpu } from './conv3d-weight-gradient.webgpu.ts';

/** Slices that hold one tap, slices that span taps, and channels that are no multiple of 4. */
const CASES: readonly ConvolutionCase[] = [
  {
    x: [1, 5, 6, 7, 16],
    cout: 36,
    kernel: [3, 3, 3],
    geometry: { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 },
  },
  {
    x: [1, 5, 6, 7, 20],
    cout: 36,
    kernel: [3, 3, 3],
    geometry: { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 },
  },
  {
    x: [2, 6, 5, 7, 5],
    cout: 70,
    kernel: [3, 3, 3],
    geometry: { stride: [2, 2, 2], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 },
  },
];

/** Each tile with one of the cases: software drivers take seconds to compile a pipeline. */
const TILES = Object.values(TILE_VARIANTS).map((tile, i) => ({
  tile,
  name: tile.name,
  testCase: CASES[i % CASES.length]!,
}));

describeOn('webgpu', 'tiles of conv3d on webgpu', ({ open }) => {
  let device: WebgpuDevice;
  beforeAll(async () => {
    const opened = await open();
    if (!(opened instanceof WebgpuDevice)) throw new Error(`${opened.description} is no WebGPU device`);
    device = opened;
  });

  describe.each(TILES)('$name, $testCase.x → $testCase.cout', ({ tile, testCase }) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { y: yShape, weight: weightShape } = shapesOf(testCase);
      const { x: xShape, geometry } = testCase;
      const x = upload(device, dtype, xShape, testValues(xShape, 1));
      const weight = upload(device, dtype, weightShape, testValues(weightShape, 2));
      const dy = upload(device, dtype, yShape, testValues(yShape, 3));
      const direct = directConv3d(device);
      const results = (): Operand[] => [
        empty(device, dtype, yShape),
        empty(device, dtype, xShape),
        empty(device, 'f32', weightShape),
      ];
      const [expected, own] = [results(), results()];
      direct.conv3d(x, weight, undefined, expected[0]!, geometry);
      direct.conv3dDataGradient(dy, weight, undefined, expected[1]!, geometry);
      direct.conv3dWeightGradient(x, dy, expected[2]!, geometry);
      const bias = undefined;
      gatherWebgpu(device, { dataGradient: false, source: x, weight, bias, result: own[0]!, geometry }, tile);
      gatherWebgpu(device, { dataGradient: true, source: dy, weight, bias, result: own[1]!, geometry }, tile);
      weightGradientWebgpu(device, x, dy, own[2]!, geometry, tile);
      for (const [i, operand] of own.entries()) {
        // Both sum in f32 and round once: neighbours in f16 at the most.
        const tolerance = operand.dtype === 'f16' ? { rtol: 1e-3, atol: 1e-3 } : { rtol: 1e-5, atol: 3e-5 };
        expectClose(await device.read(operand), await device.read(expected[i]!), tolerance);
      }
    });
  });

  it('f16 in tiles of f32, as on GPUs that would convert each operand at each use', async (context) => {
    skipOn(context, device, 'f16');
    const testCase = CASES[0]!;
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const { x: xShape, geometry } = testCase;
    const x = upload(device, 'f16', xShape, testValues(xShape, 1));
    const weight = upload(device, 'f16', weightShape, testValues(weightShape, 2));
    const converting: WebgpuDevice = Object.create(device, { info: { value: { vendor: 'nvidia' } } });
    const results = [device, converting].map((device) => {
      const result = empty(device, 'f16', yShape);
      gatherWebgpu(device, { dataGradient: false, source: x, weight, bias: undefined, result, geometry });
      const dweight = empty(device, 'f32', weightShape);
      const dy = upload(device, 'f16', yShape, testValues(yShape, 3));
      weightGradientWebgpu(device, x, dy, dweight, geometry);
      return { result, dweight };
    });
    const [own, converted] = results;
    expect(await device.read(converted!.result)).toEqual(await device.read(own!.result));
    expect(await device.read(converted!.dweight)).toEqual(await device.read(own!.dweight));
  });
});
