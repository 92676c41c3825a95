/**
 * Every kernel of the cpu device gives the same bits with 1, 2 and 4 threads: sizes are large enough for many items, and odd, so that vectors and
 * items are left with remainders.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CpuDevice } from '../device/cpu/cpu-device.ts';
import { openCpu } from '../device/cpu/node.ts';
import type { Operand } from '../device/device.ts';
import type { DType } from '../dtype.ts';
import type { Shape } from '../shape.ts';
import { empty, testValues, upload } from '../testing.ts';

const THREADS = [1, 2, 4] as const;
const STATE = { seed: [1, 2], stream: [3, 4] } as const;
const NO_SCALING = { maximumNorm: 12, growthFactor: 2, backoffFactor: 0.5, growthInterval: 3 } as const;
const MAP = { scale: [0.7, 1.3, 0.4], offset: [0.1, -0.2, 0.3] } as const;

/** Makes operands on one device; what `outputs` lists is compared. */
class Bench {
  readonly device: CpuDevice;
  readonly outputs: Operand[] = [];
  readonly #operands: Operand[] = [];

  constructor(device: CpuDevice) {
    this.device = device;
  }

  input(shape: Shape, seed = 1, dtype: DType = 'f32', scale = 1): Operand {
    const values = testValues(shape, seed).map((value) => value * scale);
    return this.#keep(upload(this.device, dtype, shape, values));
  }

  output(shape: Shape, dtype: DType = 'f32'): Operand {
    const operand = this.#keep(empty(this.device, dtype, shape));
    this.outputs.push(operand);
    return operand;
  }

  /** An input that the kernel changes. */
  inPlace(shape: Shape, seed: number): Operand {
    const operand = this.input(shape, seed);
    this.outputs.push(operand);
    return operand;
  }

  #keep(operand: Operand): Operand {
    this.#operands.push(operand);
    return operand;
  }

  async results(): Promise<readonly Uint8Array[]> {
    const values = await Promise.all(this.outputs.map((operand) => this.device.read(operand)));
    for (const { buffer } of this.#operands) this.device.free(buffer);
    return values.map(({ buffer }) => new Uint8Array(buffer));
  }
}

const cases: Readonly<Record<string, (bench: Bench) => void>> = {
  'elementwise and broadcasting': (b) => {
    const x = b.input([3, 41, 53, 7]);
    b.device.kernels.unary('gelu', x, b.output(x.shape), 0);
    b.device.kernels.binary('mul', x, b.input([7], 2), b.output(x.shape), 0);
    b.device.kernels.binary('less', x, b.input([3, 1, 53, 1], 3), b.output(x.shape, 'bool'), 0);
    b.device.kernels.accumulate(x, b.inPlace(x.shape, 4), 0.3);
  },
  'copies and gathering': (b) => {
    const shape = [2, 37, 41, 23] as const;
    const x = b.input(shape);
    const [strides, to] = [
      [37 * 41 * 23, 41 * 23, 23, 1],
      [37 * 41 * 23, 41, 1, 37 * 41],
    ];
    b.device.kernels.stridedCopy(x, b.output([2, 23, 37, 41]), {
      shape,
      fromOffset: 0,
      fromStrides: strides!,
      toOffset: 0,
      toStrides: to!,
    });
    const index = b.input([200], 5, 'i32', 30);
    b.device.kernels.unary('abs', index, index, 0);
    b.device.kernels.gather(x, index, b.output([2, 200, 41, 23]), 1);
    b.device.kernels.scatterAdd(b.input([2, 200, 41, 23], 6), index, b.output(shape), 1);
    b.device.kernels.cast(x, b.output(shape, 'f16'));
  },
  reductions: (b) => {
    for (const [outer, reduced, inner] of [
      [1, 700_001, 1],
      [2, 40_003, 5],
      [3, 64, 3001],
      [40_001, 3, 1],
      [7, 9, 4001],
    ] as const) {
      const x = b.input([outer, reduced, inner]);
      b.device.kernels.reduce('sum', x, b.output([outer, inner]), outer, reduced, inner);
      b.device.kernels.reduce('sumOfSquares', x, b.output([outer, inner]), outer, reduced, inner);
      b.device.kernels.reduce('max', x, b.output([outer, inner]), outer, reduced, inner);
      b.device.kernels.argReduce('min', x, b.output([outer, inner], 'i32'), outer, reduced, inner);
      b.device.kernels.cumulativeSum(x, b.output(x.shape), outer, reduced, inner, true);
    }
  },
  normalisation: (b) => {
    for (const [shape, groups] of [
      [[2, 33, 37, 31, 6], 6],
      [[1, 40_001, 1], 1],
      [[3, 2001, 32], 8],
    ] as const) {
      const [n, c] = [shape[0], shape.at(-1)!];
      const [x, dy, weight, bias] = [b.input(shape), b.input(shape, 2), b.input([c], 3), b.input([c], 4)];
      const [mean, deviation] = [b.output([n, groups]), b.output([n, groups])];
      const settings = { groups, epsilon: 1e-5, slope: 0.01 };
      b.device.kernels.normForward(x, weight, bias, b.output(shape), mean, deviation, settings);
      const gradients = [b.output(shape), b.output([c]), b.output([c])] as const;
      b.device.kernels.normBackward(dy, x, weight, bias, mean, deviation, ...gradients, settings);
    }
  },
  softmax: (b) => {
    for (const channels of [3, 61]) {
      const [x, dy] = [b.input([20_001, channels]), b.input([20_001, channels], 2)];
      const [y, logarithm] = [b.output(x.shape), b.output(x.shape)];
      b.device.kernels.softmax(x, y);
      b.device.kernels.logSoftmax(x, logarithm);
      b.device.kernels.softmaxGradient(dy, y, b.output(x.shape));
      b.device.kernels.logSoftmaxGradient(dy, logarithm, b.output(x.shape));
    }
  },
  'matrix products': (b) => {
    b.device.kernels.matmul(b.input([2, 301, 133]), b.input([2, 133, 97], 2), b.output([2, 301, 97]), false, false);
    b.device.kernels.matmul(b.input([1, 30_011, 19]), b.input([1, 30_011, 23], 2), b.output([1, 19, 23]), true, false);
  },
  optimizers: (b) => {
    const shape = [300_007] as const;
    const [gradient, control] = [b.input(shape), upload(b.device, 'f32', [8], [0, 0, 0, 8, 2, 0, 0, 0])];
    b.outputs.push(control);
    b.device.kernels.prepareStep(gradient, control, NO_SCALING);
    const rate = upload(b.device, 'f32', [1], [0.1]);
    const sgd = {
      momentum: 0.99,
      dampening: 0,
      nesterov: true,
      weightDecay: 1e-4,
    };
    b.device.kernels.sgdStep(b.inPlace(shape, 2), gradient, b.inPlace(shape, 3), control, rate, sgd);
    const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2, decoupled: true };
    const second = b.inPlace(shape, 4);
    b.device.kernels.unary('abs', b.input(shape, 5), second, 0);
    b.device.kernels.adamStep(
      b.inPlace(shape, 6),
      gradient,
      b.inPlace(shape, 7),
      second,
      undefined,
      control,
      rate,
      adam,
    );
  },
  'random numbers': (b) => {
    b.device.kernels.randomBits(b.output([100_003], 'i32'), STATE);
    b.device.kernels.randomUniform(b.output([100_003]), STATE, -1, 3);
    b.device.kernels.randomNormal(b.output([100_003]), STATE, 1, 2);
  },
  resampling: (b) => {
    const [x, small] = [
      [2, 21, 33, 27, 3],
      [2, 30, 25, 67, 3],
    ] as const;
    for (const mode of ['nearest', 'linear', 'cubic'] as const) {
      b.device.kernels.resample(mode, b.input(x), b.output(small), MAP);
      b.device.kernels.resampleGradient(mode, b.input(small, 2), b.output(x), MAP);
    }
    const grid = b.input([2, 23, 29, 31, 3], 3, 'f32', 30);
    for (const mode of ['nearest', 'linear'] as const) {
      b.device.kernels.sampleGrid(mode, b.input(x), grid, b.output([2, 23, 29, 31, 3]), 'edge');
      b.device.kernels.sampleGridGradient(mode, b.input([2, 23, 29, 31, 3], 4), grid, b.output(x), 'zero');
    }
    b.device.kernels.sampleGridPointGradient(
      b.input([2, 23, 29, 31, 3], 4),
      b.input(x),
      grid,
      b.output([2, 23, 29, 31, 3]),
      'edge',
    );
  },
  'pooling and filters': (b) => {
    const [x, pooled] = [
      [2, 21, 33, 27, 3],
      [2, 11, 17, 14, 3],
    ] as const;
    const window = [[3, 3, 3], [2, 2, 2], [1, 1, 1], false] as const;
    for (const mode of ['max', 'average'] as const) {
      b.device.kernels.pool(mode, b.input(x), b.output(pooled), ...window);
      b.device.kernels.poolGradient(mode, b.input(pooled, 2), b.input(x), b.output(x), ...window);
    }
    for (const axis of [1, 2, 3] as const)
      b.device.kernels.filterAxis(b.input(x), b.input([2, 3, 7], 3), b.output(x), axis);
  },
  'f16, computed on copies': (b) => {
    const x = b.input([2, 4001, 5], 1, 'f16');
    b.device.kernels.unary('exp', x, b.output(x.shape, 'f16'), 0);
    b.device.kernels.reduce('sum', x, b.output([2, 5], 'f16'), 2, 4001, 5);
    b.device.kernels.softmax(x, b.output(x.shape, 'f16'));
  },
  convolutions: (b) => {
    const [x, y] = [
      [2, 14, 18, 22, 12],
      [2, 14, 18, 22, 20],
    ] as const;
    const weight = b.input([3, 3, 3, 12, 20], 2);
    const geometry = { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 } as const;
    b.device.kernels.conv3d(b.input(x), weight, b.input([20], 3), b.output(y), geometry);
    b.device.kernels.conv3dDataGradient(b.input(y, 4), weight, undefined, b.output(x), geometry);
    b.device.kernels.conv3dWeightGradient(b.input(x), b.input(y, 4), b.output(weight.shape), geometry);
  },
};

describe('the cpu device with 1, 2 and 4 threads', () => {
  let devices: readonly CpuDevice[] = [];
  beforeAll(async () => {
    devices = await Promise.all(THREADS.map((threads) => openCpu({ threads })));
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  it.each(Object.keys(cases))('gives the same bits: %s', async (name) => {
    const results: (readonly Uint8Array[])[] = [];
    for (const device of devices) {
      const bench = new Bench(device);
      cases[name]!(bench);
      results.push(await bench.results());
    }
    const [reference, ...others] = results;
    expect(reference!.every((bytes) => bytes.some((byte) => byte !== 0))).toBe(true);
    for (const other of others)
      for (const [i, bytes] of other.entries())
        expect(
          bytes.findIndex((byte, k) => byte !== reference![i]![k]),
          `output ${i} of ${name}`,
        ).toBe(-1);
  });
});
