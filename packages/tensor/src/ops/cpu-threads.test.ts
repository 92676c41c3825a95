/**
 * Every kernel of the cpu device gives the same bits with 1, 2 and 4 threads: sizes are large enough for many items, and odd, so that vectors and
 * items are left with remainders. A kernel of the table without a case fails; of those with many functions the compiler asks for each.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CpuDevice } from '../device/cpu/cpu-device.ts';
import { openCpu } from '../device/cpu/node.ts';
import type { Operand } from '../device/device.ts';
import type { DType } from '../dtype.ts';
import type { Shape } from '../shape.ts';
import { empty, testValues, upload } from '../testing.ts';
import type { ArithmeticOp, ComparisonOp, LogicalOp, UnaryOp } from './elementwise/elementwise.kernels.ts';
import type { Kernels } from './kernels.ts';
import type { ReduceOp } from './reduce/reduce.kernels.ts';
import type { ResampleMode } from './resample/axis-weights.ts';

const THREADS = [1, 2, 4] as const;
const STATE = { seed: [1, 2], stream: [3, 4] } as const;
/** The constant of each function, and whether it is tried on what is above zero. */
const UNARY: Readonly<Record<UnaryOp, readonly [p: number, positive?: true]>> = {
  neg: [0],
  abs: [0],
  sign: [0],
  square: [0],
  sqrt: [0, true],
  rsqrt: [0, true],
  exp: [0],
  log: [0, true],
  log1p: [0, true],
  sin: [0],
  cos: [0],
  erf: [0],
  floor: [0],
  ceil: [0, true],
  round: [0],
  sigmoid: [0],
  tanh: [0],
  softplus: [0],
  scale: [1.7],
  shift: [0.3],
  power: [1.7, true],
  reciprocal: [0],
  relu: [0],
  leakyRelu: [0.01],
  elu: [0.7],
  gelu: [0],
  geluTanh: [0],
  silu: [0],
  clampMin: [0.3],
  clampMax: [0.3],
  isFinite: [0],
};
/** The constant of each. */
const ARITHMETIC: Readonly<Record<ArithmeticOp, number>> = {
  add: 0,
  sub: 0,
  mul: 0,
  div: 0,
  pow: 0,
  max: 0,
  min: 0,
  leakyReluGradient: 0.01,
  squaredDifference: 0,
};
const namesOf = <Name extends string>(names: Readonly<Record<Name, true>>): Name[] => Object.keys(names) as Name[];
const COMPARISONS = namesOf<ComparisonOp>({
  equal: true,
  notEqual: true,
  less: true,
  lessEqual: true,
  greater: true,
  greaterEqual: true,
});
const LOGIC = namesOf<LogicalOp>({ and: true, or: true, xor: true });
const REDUCTIONS = namesOf<ReduceOp>({ sum: true, mean: true, max: true, min: true, sumOfSquares: true });
const RESAMPLINGS = namesOf<ResampleMode>({
  nearest: true,
  linear: true,
  cubic: true,
  'catmull-rom': true,
  spline2: true,
  spline3: true,
});

const NO_SCALING = { maximumNorm: 12, growthFactor: 2, backoffFactor: 0.5, growthInterval: 3 } as const;
const MAP = { scale: [0.7, 1.3, 0.4], offset: [0.1, -0.2, 0.3] } as const;

/** Makes operands on one device; what `outputs` lists is compared. */
class Bench {
  readonly device: CpuDevice;
  readonly outputs: Operand[] = [];
  /** Of the kernels that were called. */
  readonly called = new Set<string>();
  /** The device's kernels. */
  readonly kernels: Kernels;
  readonly #operands: Operand[] = [];

  constructor(device: CpuDevice) {
    this.device = device;
    this.kernels = new Proxy(device.kernels, {
      get: (kernels, name) => {
        this.called.add(String(name));
        return Reflect.get(kernels, name);
      },
    });
  }

  /** Multiples of a quarter, of which many are equal. */
  coarse(shape: Shape, seed: number): Operand {
    return this.#keep(
      upload(
        this.device,
        'f32',
        shape,
        testValues(shape, seed).map((value) => Math.round(4 * value) / 4),
      ),
    );
  }

  /** Bools, half of them true. */
  bools(shape: Shape, seed: number): Operand {
    return this.#keep(
      upload(
        this.device,
        'bool',
        shape,
        testValues(shape, seed).map((value) => Number(value > 0)),
      ),
    );
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
  'functions of one number': (b) => {
    const x = b.input([3, 41, 53, 7]);
    const positive = b.input(x.shape, 2);
    b.kernels.unary('abs', positive, positive, 0);
    for (const [op, [p, above]] of Object.entries(UNARY) as [UnaryOp, (typeof UNARY)[UnaryOp]][])
      b.kernels.unary(op, above ? positive : x, b.output(x.shape), p);
  },
  'arithmetic and broadcasting': (b) => {
    const positive = b.input([3, 41, 53, 7]);
    b.kernels.unary('abs', positive, positive, 0);
    for (const [op, p] of Object.entries(ARITHMETIC) as [ArithmeticOp, number][])
      for (const shape of [positive.shape, [7], [3, 1, 53, 1]])
        b.kernels.binary(op, positive, b.input(shape, 2), b.output(positive.shape), p);
    b.kernels.accumulate(positive, b.inPlace(positive.shape, 4), 0.3);
  },
  'comparisons, logic and choices': (b) => {
    const shape = [3, 41, 53, 7] as const;
    const x = b.coarse(shape, 1);
    for (const op of COMPARISONS)
      for (const other of [shape, [7], [3, 1, 53, 1]])
        b.kernels.binary(op, x, b.coarse(other, 2), b.output(shape, 'bool'), 0);
    const bools = b.bools(shape, 3);
    for (const op of LOGIC)
      for (const other of [shape, [7]]) b.kernels.binary(op, bools, b.bools(other, 4), b.output(shape, 'bool'), 0);
    b.kernels.where(bools, x, b.input(shape, 5), b.output(shape));
    b.kernels.where(b.bools([41, 1, 7], 6), x, b.input([1], 7), b.output(shape));
  },
  filling: (b) => {
    b.kernels.fill(b.output([300_007]), 0.3);
    b.kernels.fill(b.output([300_007], 'f16'), 0.3);
    b.kernels.fill(b.output([300_007], 'u8'), 7);
  },
  'copies and gathering': (b) => {
    const shape = [2, 37, 41, 23] as const;
    const x = b.input(shape);
    const [strides, to] = [
      [37 * 41 * 23, 41 * 23, 23, 1],
      [37 * 41 * 23, 41, 1, 37 * 41],
    ];
    b.kernels.stridedCopy(x, b.output([2, 23, 37, 41]), {
      shape,
      fromOffset: 0,
      fromStrides: strides!,
      toOffset: 0,
      toStrides: to!,
    });
    const index = b.input([200], 5, 'i32', 30);
    b.kernels.unary('abs', index, index, 0);
    b.kernels.gather(x, index, b.output([2, 200, 41, 23]), 1);
    b.kernels.scatterAdd(b.input([2, 200, 41, 23], 6), index, b.output(shape), 1);
    const each = b.input([2, 200, 41, 23], 7, 'i32', 30);
    b.kernels.unary('abs', each, each, 0);
    b.kernels.gatherElements(x, each, b.output([2, 200, 41, 23]), 1);
    b.kernels.scatterAddElements(b.input([2, 200, 41, 23], 8), each, b.output(shape), 1);
    b.kernels.cast(x, b.output(shape, 'f16'));
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
      for (const op of REDUCTIONS) b.kernels.reduce(op, x, b.output([outer, inner]), outer, reduced, inner);
      for (const op of ['min', 'max'] as const)
        b.kernels.argReduce(op, x, b.output([outer, inner], 'i32'), outer, reduced, inner);
      b.kernels.cumulativeSum(x, b.output(x.shape), outer, reduced, inner, true);
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
      b.kernels.normForward(x, weight, bias, b.output(shape), mean, deviation, settings);
      b.kernels.normAgain(x, weight, bias, mean, deviation, b.output(shape), settings);
      const gradients = [b.output(shape), b.output([c]), b.output([c])] as const;
      b.kernels.normBackward(dy, x, weight, bias, mean, deviation, ...gradients, settings);
    }
  },
  softmax: (b) => {
    for (const channels of [3, 61]) {
      const [x, dy] = [b.input([20_001, channels]), b.input([20_001, channels], 2)];
      const [y, logarithm] = [b.output(x.shape), b.output(x.shape)];
      b.kernels.softmax(x, y);
      b.kernels.logSoftmax(x, logarithm);
      b.kernels.softmaxGradient(dy, y, b.output(x.shape));
      b.kernels.logSoftmaxGradient(dy, logarithm, b.output(x.shape));
    }
  },
  'matrix products': (b) => {
    b.kernels.matmul(b.input([2, 301, 133]), b.input([2, 133, 97], 2), b.output([2, 301, 97]), false, false);
    b.kernels.matmul(b.input([1, 30_011, 19]), b.input([1, 30_011, 23], 2), b.output([1, 19, 23]), true, false);
  },
  'median filters': (b) => b.kernels.medianFilter(b.input([2, 9, 12, 23, 3]), b.output([2, 7, 11, 21, 3]), [3, 2, 3]),
  optimizers: (b) => {
    const shape = [300_007] as const;
    const [gradient, control] = [b.input(shape), upload(b.device, 'f32', [8], [0, 0, 0, 8, 2, 0, 0, 0])];
    b.outputs.push(control);
    b.kernels.prepareStep(gradient, control, NO_SCALING);
    const rate = upload(b.device, 'f32', [1], [0.1]);
    for (const [nesterov, momentum, dampening] of [
      [true, 0.99, 0],
      [false, 0.9, 0.1],
      [false, 0, 0],
    ] as const) {
      const settings = { momentum, dampening, nesterov, weightDecay: 1e-4 };
      b.kernels.sgdStep(b.inPlace(shape, 2), gradient, b.inPlace(shape, 3), control, rate, settings);
    }
    for (const [decoupled, amsgrad] of [
      [true, false],
      [false, false],
      [true, true],
    ]) {
      const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2, decoupled: decoupled! };
      const second = b.inPlace(shape, 4);
      b.kernels.unary('abs', b.input(shape, 5), second, 0);
      const largest = amsgrad ? b.inPlace(shape, 8) : undefined;
      b.kernels.adamStep(b.inPlace(shape, 6), gradient, b.inPlace(shape, 7), second, largest, control, rate, settings);
    }
    const late = upload(b.device, 'f32', [8], [0, 1, 0, 1, 0, 0, 3, 0]);
    const squares = b.inPlace(shape, 4);
    b.kernels.unary('abs', b.input(shape, 5), squares, 0);
    const adan = { beta1: 0.02, beta2: 0.08, beta3: 0.01, epsilon: 1e-8, weightDecay: 1e-2 };
    const [previous, first, difference] = [10, 11, 12].map((seed) => b.inPlace(shape, seed)) as [
      Operand,
      Operand,
      Operand,
    ];
    b.kernels.adanStep(b.inPlace(shape, 9), gradient, previous, first, difference, squares, late, rate, adan);
  },
  'random numbers': (b) => {
    b.kernels.randomBits(b.output([100_003], 'i32'), STATE);
    b.kernels.randomUniform(b.output([100_003]), STATE, -1, 3);
    b.kernels.randomNormal(b.output([100_003]), STATE, 1, 2);
  },
  resampling: (b) => {
    const [x, small] = [
      [2, 21, 33, 27, 3],
      [2, 30, 25, 67, 3],
    ] as const;
    for (const mode of RESAMPLINGS) {
      b.kernels.resample(mode, b.input(x), b.output(small), MAP);
      b.kernels.resampleGradient(mode, b.input(small, 2), b.output(x), MAP);
    }
    const grid = b.input([2, 23, 29, 31, 3], 3, 'f32', 30);
    for (const mode of ['nearest', 'linear'] as const) {
      b.kernels.sampleGrid(mode, b.input(x), grid, b.output([2, 23, 29, 31, 3]), 'edge');
      b.kernels.sampleGridGradient(mode, b.input([2, 23, 29, 31, 3], 4), grid, b.output(x), 'zero');
    }
    b.kernels.sampleGridPointGradient(
      b.input([2, 23, 29, 31, 3], 4),
      b.input(x),
      grid,
      b.output([2, 23, 29, 31, 3]),
      'edge',
    );
  },
  'resampling of labels': (b) => {
    const labels = upload(
      b.device,
      'i32',
      [2, 21, 33, 27],
      Array.from({ length: 2 * 21 * 33 * 27 }, (_, i) => (i * i) % 5),
    );
    for (const rule of ['half', 'more than half', 'largest'] as const)
      b.kernels.resizeLabels(rule, labels, b.output([2, 30, 25, 67], 'i32'));
  },
  'pooling and filters': (b) => {
    const [x, pooled] = [
      [2, 21, 33, 27, 3],
      [2, 11, 17, 14, 3],
    ] as const;
    const window = [[3, 3, 3], [2, 2, 2], [1, 1, 1], false] as const;
    for (const mode of ['max', 'average'] as const) {
      b.kernels.pool(mode, b.input(x), b.output(pooled), ...window);
      b.kernels.poolGradient(mode, b.input(pooled, 2), b.input(x), b.output(x), ...window);
    }
    for (const axis of [1, 2, 3] as const) b.kernels.filterAxis(b.input(x), b.input([2, 3, 7], 3), b.output(x), axis);
  },
  'f16, computed on copies': (b) => {
    const x = b.input([2, 4001, 5], 1, 'f16');
    b.kernels.unary('exp', x, b.output(x.shape, 'f16'), 0);
    b.kernels.reduce('sum', x, b.output([2, 5], 'f16'), 2, 4001, 5);
    b.kernels.softmax(x, b.output(x.shape, 'f16'));
  },
  convolutions: (b) => {
    const [x, y] = [
      [2, 14, 18, 22, 12],
      [2, 14, 18, 22, 20],
    ] as const;
    const weight = b.input([3, 3, 3, 12, 20], 2);
    const geometry = { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 } as const;
    b.kernels.conv3d(b.input(x), weight, b.input([20], 3), b.output(y), geometry);
    const statistics = () => b.output([2, 20]);
    b.kernels.conv3dNorm(
      ...([b.input(x), weight, b.input([20], 3), b.output(y), geometry, b.input([20], 5), b.input([20], 6)] as const),
      ...([b.output(y), statistics(), statistics(), { groups: 20, epsilon: 1e-5, slope: 0.01 }] as const),
    );
    b.kernels.conv3dDataGradient(b.input(y, 4), weight, undefined, b.output(x), geometry);
    b.kernels.conv3dWeightGradient(b.input(x), b.input(y, 4), b.output(weight.shape), geometry);
  },
};

describe('the cpu device with 1, 2 and 4 threads', () => {
  let devices: readonly CpuDevice[] = [];
  beforeAll(async () => {
    devices = await Promise.all(THREADS.map((threads) => openCpu({ threads })));
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  const called = new Set<string>();

  it.each(Object.keys(cases))('gives the same bits: %s', async (name) => {
    const results: (readonly Uint8Array[])[] = [];
    for (const device of devices) {
      const bench = new Bench(device);
      cases[name]!(bench);
      results.push(await bench.results());
      for (const kernel of bench.called) called.add(kernel);
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

  it('every kernel has a case', () => {
    expect(Object.keys(devices[0]!.kernels).filter((kernel) => !called.has(kernel))).toEqual([]);
  });
});
