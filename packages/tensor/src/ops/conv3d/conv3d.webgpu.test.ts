/** Every candidate of the WebGPU convolutions against the direct kernels, which know nothing of tiles, and what a GPU's defaults are on any adapter. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Operand } from '../../device/device.ts';
import { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { describeOn, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { CONVOLUTIONS } from './conv3d.cases.reference.ts';
import { suiting } from './conv3d.defaults.ts';
import {
  type ConvolutionCase,
  referenceConv3d,
  referenceDataGradient,
  referenceWeightGradient,
  shapesOf,
} from './conv3d.reference.ts';
import {
  isRegisterName,
  REGISTER_VARIANTS,
  type RegisterName,
  type RegisterVariant,
  TILE_VARIANTS,
  type TileName,
  type VariantName,
} from './conv3d.variants.ts';
import { conv3dWebgpu } from './conv3d.webgpu.ts';
import { productWebgpu, weightProductWebgpu } from './conv3d-choice.webgpu.ts';
import { directConv3d } from './conv3d-direct.webgpu.ts';

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
  {
    x: [2, 4, 7, 6, 12],
    cout: 20,
    kernel: [3, 2, 3],
    geometry: { stride: [1, 2, 3], padding: [1, 0, 2], dilation: [1, 1, 2], groups: 1 },
  },
];

/** Several tiles of channels on both sides, and lines enough for two splits of the weight gradient. */
const WIDE: ConvolutionCase = {
  x: [1, 17, 16, 3, 40],
  cout: 68,
  kernel: [1, 3, 3],
  geometry: { stride: [1, 1, 1], padding: [0, 1, 1], dilation: [1, 1, 1], groups: 1 },
};

const isWholeQuads = ({ x, cout, geometry }: ConvolutionCase): boolean =>
  x[4]! % 4 === 0 && cout % 4 === 0 && geometry.groups === 1;

/** Each tile with one of the cases: software drivers take seconds to compile a pipeline. Registers hold whole vec4 of channels. */
const CANDIDATES: readonly { readonly name: VariantName; readonly testCase: ConvolutionCase }[] = [
  ...(Object.keys(TILE_VARIANTS) as TileName[]).map((name, i) => ({ name, testCase: CASES[i % CASES.length]! })),
  ...(Object.keys(REGISTER_VARIANTS) as RegisterName[]).flatMap((name) =>
    [...CASES.filter(isWholeQuads), WIDE].map((testCase) => ({ name, testCase })),
  ),
];

describeOn('webgpu', 'candidates of conv3d on webgpu', ({ open }) => {
  let device: WebgpuDevice;
  beforeAll(async () => {
    const opened = await open();
    if (!(opened instanceof WebgpuDevice)) throw new Error(`${opened.description} is no WebGPU device`);
    device = opened;
  });

  describe.each(CANDIDATES)('$name, $testCase.x → $testCase.cout', ({ name, testCase }) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { broadcast }: Partial<RegisterVariant> = isRegisterName(name) ? REGISTER_VARIANTS[name] : {};
      if (broadcast !== undefined && !device.features.has('subgroups')) {
        for (const direction of ['forward', 'weightGradient'] as const) {
          const shape = { direction, rows: 64, columns: 32, channels: 32, staged: dtype, subgroup: undefined };
          expect(suiting(shape, device.limits)).not.toContain(name);
        }
        return;
      }
      const { y: yShape, weight: weightShape } = shapesOf(testCase);
      const { x: xShape, geometry } = testCase;
      const x = upload(device, dtype, xShape, testValues(xShape, 1));
      const weight = upload(device, dtype, weightShape, testValues(weightShape, 2));
      const dy = upload(device, dtype, yShape, testValues(yShape, 3));
      const direct = directConv3d(device);
      const compare = async (like: Operand, expected: (out: Operand) => void, own: (out: Operand) => void) => {
        const outputs = [expected, own].map((compute) => {
          const out = empty(device, like === weight ? 'f32' : dtype, like.shape);
          compute(out);
          return out;
        });
        const [wanted, got] = await Promise.all(outputs.map((out) => device.read(out)));
        // Both sum in f32 and round once: neighbours in f16 at the most.
        const tolerance = outputs[0]!.dtype === 'f16' ? { rtol: 1e-3, atol: 1e-3 } : { rtol: 1e-5, atol: 3e-5 };
        expectClose(got!, wanted!, tolerance);
      };
      const product = { weight, bias: undefined, geometry };
      if (broadcast !== 'x') {
        await compare(
          dy,
          (y) => direct.conv3d(x, weight, undefined, y, geometry),
          (y) => productWebgpu(device, { ...product, dataGradient: false, source: x, result: y }, name),
        );
        await compare(
          x,
          (dx) => direct.conv3dDataGradient(dy, weight, undefined, dx, geometry),
          (dx) => productWebgpu(device, { ...product, dataGradient: true, source: dy, result: dx }, name),
        );
      }
      if (broadcast !== 'weight')
        await compare(
          weight,
          (dweight) => direct.conv3dWeightGradient(x, dy, dweight, geometry),
          (dweight) => weightProductWebgpu(device, x, dy, dweight, geometry, name),
        );
    });
  });

  it.each(Object.entries(CONVOLUTIONS).filter(([, testCase]) => isWholeQuads(testCase)))(
    'what a GPU takes by default: %s',
    async (_, testCase) => {
      const gpu: WebgpuDevice = Object.create(device, { description: { value: 'a GPU' } });
      const { y: yShape, weight: weightShape } = shapesOf(testCase);
      const { x: xShape, geometry } = testCase;
      const [xs, weights, dys] = [testValues(xShape, 1), testValues(weightShape, 2), testValues(yShape, 3)];
      const biases = [testValues([testCase.cout], 4), testValues([xShape[4]!], 5)] as const;
      const [x, weight, dy] = [
        upload(device, 'f32', xShape, xs),
        upload(device, 'f32', weightShape, weights),
        upload(device, 'f32', yShape, dys),
      ];
      const [yBias, xBias] = biases.map((bias) => upload(device, 'f32', [bias.length], bias));
      const [y, dx, dweight] = [yShape, xShape, weightShape].map((shape) => empty(device, 'f32', shape));
      const kernels = conv3dWebgpu(gpu);
      kernels.conv3d(x, weight, yBias, y!, geometry);
      kernels.conv3dDataGradient(dy, weight, xBias, dx!, geometry);
      kernels.conv3dWeightGradient(x, dy, dweight!, geometry);
      const tolerance = { rtol: 1e-5, atol: 3e-5 };
      expectClose(await device.read(y!), referenceConv3d(testCase, xs, weights, biases[0]), tolerance);
      expectClose(await device.read(dx!), referenceDataGradient(testCase, dys, weights, biases[1]), tolerance);
      expectClose(await device.read(dweight!), referenceWeightGradient(testCase, xs, dys), tolerance);
    },
  );

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
      const product = { dataGradient: false, source: x, weight, bias: undefined, result, geometry };
      productWebgpu(device, product, '32x32');
      const dweight = empty(device, 'f32', weightShape);
      const dy = upload(device, 'f16', yShape, testValues(yShape, 3));
      weightProductWebgpu(device, x, dy, dweight, geometry, '32x32');
      return { result, dweight };
    });
    const [own, converted] = results;
    expect(await device.read(converted!.result)).toEqual(await device.read(own!.result));
    expect(await device.read(converted!.dweight)).toEqual(await device.read(own!.dweight));
  });
});
