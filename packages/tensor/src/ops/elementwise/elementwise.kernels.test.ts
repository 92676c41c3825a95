/** Elementwise kernels against the same functions in double precision. */
import { describe, expect, test } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { ArithmeticOp, ComparisonOp, LogicalOp, UnaryOp } from './elementwise.kernels.ts';

/** The error function by its Maclaurin series, which double precision sums well for |x| < 4. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 && n < 200; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

interface UnaryCase {
  readonly of: (x: number, p: number) => number;
  readonly p?: number;
  /** Values to take; by default [−3, 3) and some beyond. */
  readonly domain?: readonly number[];
  /** Further allowed error where drivers are free to be less exact. */
  readonly atol?: number;
}

const anywhere = [...testValues([37], 5)]
  .map((value) => value * 3)
  .concat([0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 20, -20]);
const positive = [...testValues([37], 6)].map((value) => (value + 1.0001) * 4).concat([1, 1.0001, 0.5, 1e-6, 1e6]);
const small = [1e-7, -1e-7, 1e-4, -1e-4, 0.01, -0.01, 0.15, -0.15, 0.2, 0.21, -0.21, 0.3, -0.3];

const UNARY: Readonly<Record<UnaryOp, UnaryCase>> = {
  neg: { of: (x) => -x },
  abs: { of: Math.abs },
  sign: { of: Math.sign },
  square: { of: (x) => x * x },
  sqrt: { of: Math.sqrt, domain: positive },
  rsqrt: { of: (x) => 1 / Math.sqrt(x), domain: positive },
  exp: { of: Math.exp },
  log: { of: Math.log, domain: positive, atol: 5e-7 },
  log1p: { of: Math.log1p, domain: [...positive, ...small], atol: 1e-12 },
  sin: { of: Math.sin, domain: [...anywhere, 100, -1000] },
  cos: { of: Math.cos, domain: [...anywhere, 100, -1000] },
  erf: { of: erf },
  floor: { of: Math.floor },
  ceil: { of: Math.ceil },
  round: { of: roundHalfEven },
  sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)) },
  tanh: { of: Math.tanh, domain: [...anywhere, ...small, 90, -90], atol: 1e-12 },
  softplus: { of: (x) => Math.log1p(Math.exp(x)), domain: [...anywhere, 80, -15] },
  scale: { of: (x, p) => x * p, p: -1.5 },
  shift: { of: (x, p) => x + p, p: 0.75 },
  power: { of: (x, p) => x ** p, p: 0.9, domain: [...positive, 0] },
  reciprocal: { of: (x) => 1 / x, domain: positive },
  relu: { of: (x) => Math.max(x, 0) },
  leakyRelu: { of: (x, p) => (x > 0 ? x : p * x), p: 0.01 },
  elu: { of: (x, p) => (x > 0 ? x : p * Math.expm1(x)), p: 1.5, domain: [...anywhere, ...small], atol: 1e-12 },
  gelu: { of: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)) },
  geluTanh: { of: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) },
  silu: { of: (x) => x / (1 + Math.exp(-x)) },
  clampMin: { of: (x, p) => Math.max(x, p), p: -0.3 },
  clampMax: { of: (x, p) => Math.min(x, p), p: 0.3 },
  isFinite: {
    of: (x) => (Number.isFinite(x) ? 1 : 0),
    domain: [0, -1, 3e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  },
};

interface BinaryCase {
  readonly of: (a: number, b: number, p: number) => number;
  readonly p?: number;
  readonly positive?: boolean;
}

const ARITHMETIC: Readonly<Record<ArithmeticOp, BinaryCase>> = {
  add: { of: (a, b) => a + b },
  sub: { of: (a, b) => a - b },
  mul: { of: (a, b) => a * b },
  div: { of: (a, b) => a / b, positive: true },
  pow: { of: (a, b) => a ** b, positive: true },
  max: { of: (a, b) => Math.max(a, b) },
  min: { of: (a, b) => Math.min(a, b) },
  leakyReluGradient: { of: (a, b, p) => (b > 0 ? a : a * p), p: 0.25 },
  squaredDifference: { of: (a, b) => (a - b) ** 2 },
};

const COMPARISONS: Readonly<Record<ComparisonOp, (a: number, b: number) => boolean>> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};

/** Which element of a broadcast operand stands at element `i` of the result. */
function sourceIndex(i: number, out: readonly number[], operand: readonly number[]): number {
  let [rest, stride, index] = [i, 1, 0];
  for (let axis = out.length - 1; axis >= 0; axis--) {
    const extent = operand[axis - out.length + operand.length] ?? 1;
    if (extent !== 1) index += (rest % out[axis]!) * stride;
    rest = Math.floor(rest / out[axis]!);
    stride *= extent;
  }
  return index;
}

const BROADCASTS: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
  [[5], [5], [5]],
  [
    [2, 3, 7],
    [2, 3, 7],
    [2, 3, 7],
  ],
  [[4, 6], [1], [4, 6]],
  [[], [3, 3], [3, 3]],
  [[2, 5, 8], [8], [2, 5, 8]],
  [[2, 5, 3], [3], [2, 5, 3]],
  [
    [2, 1, 8],
    [1, 5, 1],
    [2, 5, 8],
  ],
  [
    [2, 1, 3, 1, 2, 1],
    [1, 2, 1, 2, 1, 3],
    [2, 2, 3, 2, 2, 3],
  ],
  [[1], [1], [1]],
];

async function applyUnary(device: Device, op: UnaryOp, dtype: DType, values: ArrayLike<number>, p: number) {
  const x = upload(device, dtype, [values.length], values);
  const out = empty(device, dtype, [values.length]);
  device.kernels.unary(op, x, out, p);
  return device.read(out);
}

describeOnEach('elementwise on $name', ({ open }) => {
  test.each(Object.keys(UNARY) as UnaryOp[])('%s of f32', async (op) => {
    const { of, p = 0, domain = anywhere, atol = 1e-6 } = UNARY[op];
    const values = Float32Array.from(domain);
    const device = await open();
    const expected = Array.from(values, (x) => of(x, p));
    expectClose(await applyUnary(device, op, 'f32', values, p), expected, { rtol: 1e-5, atol });
  });

  test.each(['neg', 'abs', 'square', 'scale', 'shift'] as const)('%s of i32', async (op) => {
    const values = [0, 1, -1, 7, -9, 1000, -46000];
    const device = await open();
    expect([...(await applyUnary(device, op, 'i32', values, 3))]).toEqual(values.map((x) => UNARY[op].of(x, 3) + 0));
  });

  test('unary ops of f16 compute in f32', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const values = Float32Array.from([-2.5, -0.5, 0, 0.25, 1, 3, 10]);
    for (const op of ['exp', 'silu', 'leakyRelu'] as const) {
      const expected = Array.from(values, (x) => UNARY[op].of(x, 0.01));
      expectClose(await applyUnary(device, op, 'f16', values, 0.01), expected, { rtol: 1e-3, atol: 1e-4 });
    }
  });

  test('power takes negative values to whole exponents only', async () => {
    const device = await open();
    const values = [-2, -0.5, 0, 3];
    expectClose(await applyUnary(device, 'power', 'f32', values, 3), [-8, -0.125, 0, 27], {});
    expectClose(await applyUnary(device, 'power', 'f32', [-2, -0.5, 3], -2), [0.25, 4, 1 / 9], {});
    expectClose(await applyUnary(device, 'power', 'f32', values, 0), [1, 1, 1, 1], {});
    expectClose(await applyUnary(device, 'power', 'f32', [-2, 4], 0.5), [Number.NaN, 2], {});
  });

  test('extrema keep NaN', async () => {
    const device = await open();
    const a = upload(device, 'f32', [4], [Number.NaN, 1, Number.NaN, 2]);
    const b = upload(device, 'f32', [4], [1, Number.NaN, Number.NaN, 3]);
    const out = empty(device, 'f32', [4]);
    device.kernels.binary('max', a, b, out, 0);
    expect([...(await device.read(out))]).toEqual([Number.NaN, Number.NaN, Number.NaN, 3]);
    expect([...(await applyUnary(device, 'relu', 'f32', [Number.NaN, -1, 1], 0))]).toEqual([Number.NaN, 0, 1]);
  });

  test.each(Object.keys(ARITHMETIC) as ArithmeticOp[])('%s of f32', async (op) => {
    const { of, p = 0, positive } = ARITHMETIC[op];
    const [a, b] = [3, 4].map((seed) => testValues([50], seed).map((value) => (positive ? value + 1.5 : value))) as [
      Float32Array,
      Float32Array,
    ];
    const device = await open();
    const out = empty(device, 'f32', [50]);
    device.kernels.binary(op, upload(device, 'f32', [50], a), upload(device, 'f32', [50], b), out, p);
    expectClose(
      await device.read(out),
      Array.from(a, (x, i) => of(x, b[i]!, p)),
    );
  });

  test.each(['f32', 'i32', 'u8', 'bool'] as const)('comparisons of %s', async (dtype) => {
    const device = await open();
    const [low, count] = { f32: [-2, 4], i32: [-2, 4], u8: [250, 4], bool: [0, 2] }[dtype] as [number, number];
    const [a, b] = [1, 2].map((seed) =>
      Array.from(testValues([45], seed), (x) => low + Math.floor(((x + 1) / 2) * count)),
    ) as [number[], number[]];
    const out = empty(device, 'bool', [45]);
    const [left, right] = [upload(device, dtype, [45], a), upload(device, dtype, [45], b)];
    for (const op of Object.keys(COMPARISONS) as ComparisonOp[]) {
      device.kernels.binary(op, left, right, out, 0);
      expect([...(await device.read(out))]).toEqual(a.map((x, i) => Number(COMPARISONS[op](x, b[i]!))));
    }
  });

  test('logic of bool', async () => {
    const device = await open();
    const [a, b] = [upload(device, 'bool', [5], [0, 0, 1, 1, 1]), upload(device, 'bool', [5], [0, 1, 0, 1, 1])];
    const out = empty(device, 'bool', [5]);
    const run = async (op: LogicalOp) => {
      device.kernels.binary(op, a, b, out, 0);
      return [...(await device.read(out))];
    };
    expect(await run('and')).toEqual([0, 0, 0, 1, 1]);
    expect(await run('or')).toEqual([0, 1, 1, 1, 1]);
    expect(await run('xor')).toEqual([0, 1, 1, 0, 0]);
  });

  describe.each(BROADCASTS)('%j with %j', (left, right, shape) => {
    test.for(['f32', 'f16', 'i32'] as const)('difference of %s', async (dtype, context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const values = (operand: readonly number[], seed: number) =>
        Array.from(testValues(operand, seed), (x) => Math.round(x * 512));
      const [a, b] = [values(left, 3), values(right, 4)];
      const out = empty(device, dtype, shape);
      device.kernels.binary('sub', upload(device, dtype, left, a), upload(device, dtype, right, b), out, 0);
      const expected = Array.from(
        { length: sizeOf(shape) },
        (_, i) => a[sourceIndex(i, shape, left)]! - b[sourceIndex(i, shape, right)]!,
      );
      expect([...(await device.read(out))]).toEqual(expected);
    });

    test.for(['f32', 'f16', 'i32', 'u8', 'bool'] as const)('where of %s', async (dtype, context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const whole = (operand: readonly number[], seed: number) =>
        Array.from(testValues(operand, seed), (x) => (dtype === 'bool' ? Number(x > 0) : Math.floor((x + 1) * 100)));
      const condition = Array.from(testValues(left, 9), (x) => Number(x > 0));
      const [a, b] = [whole(right, 10), whole(shape, 11)];
      const out = empty(device, dtype, shape);
      device.kernels.where(
        upload(device, 'bool', left, condition),
        upload(device, dtype, right, a),
        upload(device, dtype, shape, b),
        out,
      );
      const chosen = Array.from(b, (value, i) =>
        condition[sourceIndex(i, shape, left)] ? a[sourceIndex(i, shape, right)]! : value,
      );
      expect([...(await device.read(out))]).toEqual(chosen);
    });
  });

  test('integer arithmetic', async () => {
    const device = await open();
    const [a, b] = [
      [7, -7, 7, -2, 3, -1, 0],
      [2, 2, -2, 3, 0, -3, 5],
    ];
    const run = async (op: ArithmeticOp) => {
      const out = empty(device, 'i32', [a.length]);
      device.kernels.binary(op, upload(device, 'i32', [a.length], a), upload(device, 'i32', [b.length], b), out, 2);
      return [...(await device.read(out))];
    };
    expect(await run('add')).toEqual(a.map((x, i) => x + b[i]!));
    expect(await run('mul')).toEqual(a.map((x, i) => x * b[i]! + 0));
    expect((await run('div')).slice(0, 4)).toEqual([3, -3, -3, 0]);
    expect(await run('pow')).toEqual([49, 49, 0, -8, 1, -1, 0]);
    expect(await run('max')).toEqual(a.map((x, i) => Math.max(x, b[i]!)));
    expect(await run('leakyReluGradient')).toEqual(a.map((x, i) => (b[i]! > 0 ? x : x * 2)));
  });

  test('accumulate adds in place and leaves neighbours in a shared buffer alone', async () => {
    const device = await open();
    const whole = upload(device, 'f32', [70], new Float32Array(70).fill(1));
    const view: Operand = { ...whole, byteOffset: 256, shape: [3] };
    device.kernels.accumulate(upload(device, 'f32', [3], [1, 2, 3]), view, 2);
    const values = await device.read(whole);
    expect([...values.slice(62)]).toEqual([1, 1, 3, 5, 7, 1, 1, 1]);
  });
});
