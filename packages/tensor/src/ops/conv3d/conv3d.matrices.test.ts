/** Subgroup matrices: which adapters they are for, and that Dawn finds the shaders valid. No adapter here could run them, so their numbers are checked by `tune` alone. */

import { describe, expect, it, test } from 'vitest';
import { create } from 'webgpu';
import { nodeShaders } from '../../device/webgpu/node-shaders.ts';
import { openWebgpu } from '../../device/webgpu/open.ts';
import { CONVOLUTIONS } from './conv3d.cases.reference.ts';
import { matrixSizeFor, suitingMatrices } from './conv3d.matrices.ts';
import { shapesOf } from './conv3d.reference.ts';
import { MATRIX_VARIANTS, tileRows } from './conv3d.variants.ts';
import { matricesWebgpu } from './conv3d-gather.webgpu.ts';

const TENSOR_CORES = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 };
const NVIDIA = { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [TENSOR_CORES] };

describe('subgroup matrices are candidates', () => {
  const LIMIT = 32768;
  test.each([
    ['where f16 is summed in f32', NVIDIA, 64, ['matrices 64x32', 'matrices 64x64']],
    ['narrow ones for few columns', NVIDIA, 32, ['matrices 64x32']],
    [
      'not where sums are f16',
      { ...NVIDIA, subgroupMatrixConfigs: [{ ...TENSOR_CORES, resultComponentType: 'f16' }] },
      64,
      [],
    ],
    ['not where subgroups are of any size', { ...NVIDIA, subgroupMinSize: 8 }, 64, []],
    [
      'not where no tile can be cut into them',
      { ...NVIDIA, subgroupMatrixConfigs: [{ ...TENSOR_CORES, K: 32 }] },
      64,
      [],
    ],
    ['not where there are none', {}, 64, []],
  ])('%s', (_, info, columns, expected) => {
    expect(suitingMatrices(columns, info, LIMIT)).toEqual(expected);
  });

  test('not where workgroup memory is short', () => {
    expect(suitingMatrices(64, NVIDIA, 16384)).toEqual(['matrices 64x32']);
  });

  test('in the largest size that fits', () => {
    const small = { ...TENSOR_CORES, M: 8, N: 8, K: 8 };
    expect(matrixSizeFor('matrices 64x64', { ...NVIDIA, subgroupMatrixConfigs: [small, TENSOR_CORES] })).toEqual({
      m: 16,
      n: 16,
      k: 16,
      subgroup: 32,
    });
  });
});

/** Must stay referenced: Dawn's devices die with it. */
const gpu = create(['enable-dawn-features=allow_unsafe_apis', 'backend=null']);

describe('subgroup matrices are valid', () => {
  it.each([
    '3×3×3, 32 → 32',
    '3×3×3, 17 → 17',
    '3×3×3 with stride 2, 8 → 16',
    '2×2×2 with stride 2, as upsampling transposes, 32 → 16',
  ])('%s', async (name) => {
    const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
    const testCase = CONVOLUTIONS[name]!;
    const { y: yShape, weight: weightShape } = shapesOf(testCase);
    const [x, weight, y] = [testCase.x, weightShape, yShape].map((shape) => device.temporary('f16', shape));
    const { geometry } = testCase;
    const size = { m: 16, n: 16, k: 16, subgroup: 32 };
    const tile = MATRIX_VARIANTS['matrices 64x32'];
    const operands = { weight: weight!, bias: undefined, geometry };
    matricesWebgpu(device, { ...operands, dataGradient: false, source: x!, result: y! }, tile, size);
    const tiles = Math.ceil((yShape[1]! * yShape[2]! * yShape[3]!) / tileRows(tile));
    const moments = device.temporary('f32', [yShape[0]!, tiles, 2, testCase.cout]);
    matricesWebgpu(device, { ...operands, dataGradient: false, source: x!, result: y!, moments }, tile, size);
    matricesWebgpu(device, { ...operands, dataGradient: true, source: y!, result: x! }, tile, size);
    await device.synchronize();
    await device.close();
  });

  it('and Dawn says where they are not', async () => {
    const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
    const [x, weight] = [
      [1, 2, 2, 2, 4],
      [1, 1, 1, 4, 4],
    ].map((shape) => device.temporary('f16', shape));
    const geometry = { stride: [1, 1, 1], padding: [0, 0, 0], dilation: [1, 1, 1], groups: 1 } as const;
    const product = { dataGradient: false, source: x!, weight: weight!, bias: undefined, result: x!, geometry };
    const unknown = { m: 16, n: 16, k: 16, subgroup: 0 };
    matricesWebgpu(
      device,
      { ...product, result: device.temporary('f16', x!.shape) },
      MATRIX_VARIANTS['matrices 64x32'],
      unknown,
    );
    await expect(device.synchronize()).rejects.toThrow('gemm-matrices');
    await device.close();
  });
});
