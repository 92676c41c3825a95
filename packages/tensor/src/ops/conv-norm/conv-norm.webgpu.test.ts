/** What each tile of the WebGPU convolutions leaves for the norm, against plain loops over what it stored; and where tiles leave nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dispatch } from '../../device/webgpu/dispatch.ts';
import { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { describeOn, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { all, convolution } from '../conv3d/conv3d.cases.reference.ts';
import { type ConvolutionCase, shapesOf } from '../conv3d/conv3d.reference.ts';
import { TILE_VARIANTS, type TileName, tileRows } from '../conv3d/conv3d.variants.ts';
import { productWebgpu } from '../conv3d/conv3d-choice.webgpu.ts';
import { referenceMoments } from './conv-norm.reference.ts';
import { convNormWebgpu } from './conv-norm.webgpu.ts';

/** Two samples of voxels that no tile divides; channels in whole vec4 and not. */
const CASES: readonly ConvolutionCase[] = [
  convolution([2, 5, 6, 7, 16], 36, all(3), { padding: all(1) }),
  convolution([2, 9, 12, 14, 5], 70, all(3), { stride: all(2), padding: all(1) }),
];

describeOn('webgpu', 'moments that tiles leave', ({ open }) => {
  let device: WebgpuDevice;
  beforeAll(async () => {
    const opened = await open();
    if (!(opened instanceof WebgpuDevice)) throw new Error(`${opened.description} is no WebGPU device`);
    device = opened;
  });

  describe.each((Object.keys(TILE_VARIANTS) as TileName[]).map((name, i) => ({ name, testCase: CASES[i % 2]! })))(
    '$name, $testCase.x → $testCase.cout',
    ({ name, testCase }) => {
      it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
        if (dtype === 'f16') skipOn(context, device, 'f16');
        const { y: yShape, weight: weightShape } = shapesOf(testCase);
        const { x: xShape, geometry, cout } = testCase;
        const rows = tileRows(TILE_VARIANTS[name]);
        const tiles = Math.ceil((yShape[1]! * yShape[2]! * yShape[3]!) / rows);
        const source = upload(device, dtype, xShape, testValues(xShape, 1));
        const weight = upload(device, dtype, weightShape, testValues(weightShape, 2));
        const bias = upload(device, 'f32', [cout], testValues([cout], 3));
        const [alone, result] = [empty(device, dtype, yShape), empty(device, dtype, yShape)];
        const moments = empty(device, 'f32', [yShape[0]!, tiles, 2, cout]);
        const product = { dataGradient: false, source, weight, bias, geometry };
        productWebgpu(device, { ...product, result: alone }, name);
        productWebgpu(device, { ...product, result, moments }, name);
        const values = await device.read(result);
        expect(values).toEqual(await device.read(alone));
        expectClose(await device.read(moments), referenceMoments(values, yShape, rows), { rtol: 1e-5, atol: 1e-5 });
      });
    },
  );

  it.each([
    ['samples of several tiles', convolution([2, 5, 6, 7, 8], 36, all(3), { padding: all(1) }), true],
    ['samples of less than a tile, one a batch', convolution([1, 2, 2, 2, 8], 36, all(3), { padding: all(1) }), true],
    ['many such', convolution([2, 2, 2, 2, 8], 36, all(3), { padding: all(1) }), false],
    ['groups', convolution([2, 5, 6, 7, 8], 36, all(3), { padding: all(1), groups: 2 }), false],
  ])('the norm reads the convolution once: %s', (_, testCase, once) => {
    const shaders: string[] = [];
    const dispatch = ({ shader }: Dispatch): void => void shaders.push(shader);
    const gpu: WebgpuDevice = Object.create(device, { description: { value: 'a GPU' }, dispatch: { value: dispatch } });
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const [x, weight, y, z] = [testCase.x, weightShape, yShape, yShape].map((shape) => empty(device, 'f32', shape));
    const [mean, inverseDeviation] = [0, 1].map(() => empty(device, 'f32', [yShape[0]!, testCase.cout]));
    const settings = { groups: testCase.cout, epsilon: 1e-5, slope: 0.01 };
    convNormWebgpu(gpu).conv3dNorm(
      ...([x!, weight!, undefined, y!, testCase.geometry, undefined, undefined] as const),
      ...([z!, mean!, inverseDeviation!, settings] as const),
    );
    expect(shaders.filter((shader) => shader.startsWith('instance-norm/'))).toEqual([
      ...(once ? [] : ['instance-norm/statistics']),
      'instance-norm/merge-statistics',
      'instance-norm/normalize',
    ]);
  });
});
