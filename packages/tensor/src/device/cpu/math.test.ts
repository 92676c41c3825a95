/** Accuracy of the CPU's elementary functions, in units in the last place of the exact value, against the engine's double-precision Math. */
import { afterAll, describe, expect, it } from 'vitest';
import type { UnaryOp } from '../../ops/elementwise/elementwise.kernels.ts';
import { upload } from '../../testing.ts';
import { openCpu } from './node.ts';

const COUNT = 200_003;

/** Values from `low` to `high`, dense, with a few odd ones; of a size that leaves a remainder for the last vector. */
function spread(low: number, high: number): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * (i + 0.37)) / COUNT);
}

/** Both signs, magnitudes 10^low … 10^high. */
function magnitudes(low: number, high: number, signed: boolean): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => {
    const magnitude = 10 ** (low + ((high - low) * i) / COUNT);
    return signed && i % 2 === 1 ? -magnitude : magnitude;
  });
}

function unitInLastPlace(x: number): number {
  const magnitude = Math.max(Math.abs(x), 2 ** -126);
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** erf by its Taylor series near 0, else by a continued fraction of erfc. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; n < 80; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}

interface Case {
  readonly op: UnaryOp;
  readonly exact: (x: number, p: number) => number;
  readonly inputs: readonly Float32Array[];
  readonly p?: number;
  readonly ulp: number;
}

const cases: readonly Case[] = [
  { op: 'exp', exact: Math.exp, inputs: [spread(-104, 89), spread(-1, 1), magnitudes(-12, 0, true)], ulp: 2 },
  { op: 'log', exact: Math.log, inputs: [magnitudes(-44, 38, false), spread(0.5, 2), spread(0.99, 1.01)], ulp: 2 },
  {
    op: 'log1p',
    exact: Math.log1p,
    inputs: [magnitudes(-30, 38, false), spread(-0.999, 3), magnitudes(-9, -2, true)],
    ulp: 2,
  },
  { op: 'sin', exact: Math.sin, inputs: [spread(-10, 10), magnitudes(-9, 6, true)], ulp: 2 },
  { op: 'cos', exact: Math.cos, inputs: [spread(-10, 10), magnitudes(-9, 6, true)], ulp: 2 },
  { op: 'tanh', exact: Math.tanh, inputs: [spread(-10, 10), magnitudes(-9, 2, true)], ulp: 2 },
  { op: 'erf', exact: erf, inputs: [spread(-5, 5), magnitudes(-9, 1, true)], ulp: 2 },
  { op: 'sigmoid', exact: (x) => 1 / (1 + Math.exp(-x)), inputs: [spread(-80, 30)], ulp: 3 },
  { op: 'softplus', exact: (x) => Math.log1p(Math.exp(x)), inputs: [spread(-80, 80)], ulp: 3 },
  {
    op: 'elu',
    exact: (x, p) => (x > 0 ? x : p * Math.expm1(x)),
    inputs: [spread(-20, 3), magnitudes(-9, 1, true)],
    p: 1.5,
    ulp: 4,
  },
  { op: 'power', exact: (x, p) => x ** p, inputs: [magnitudes(-15, 15, false)], p: 2.3, ulp: 1 },
  { op: 'power', exact: (x, p) => x ** p, inputs: [magnitudes(-9, 9, true)], p: -3, ulp: 1 },
  { op: 'power', exact: (x, p) => x ** p, inputs: [magnitudes(-9, 9, false)], p: 0.7, ulp: 1 },
];

describe.each([true, false])('elementary functions on cpu, relaxed SIMD %s', async (relaxedSimd) => {
  const device = await openCpu({ threads: 1, relaxedSimd });
  afterAll(() => device.close());

  async function run(op: UnaryOp, values: Float32Array, p: number): Promise<ArrayLike<number>> {
    const x = upload(device, 'f32', [values.length], values);
    const out = upload(device, 'f32', [values.length], values);
    device.kernels.unary(op, x, out, p);
    const result = await device.read(out);
    device.free(x.buffer);
    device.free(out.buffer);
    return result;
  }

  it.each(cases)('$op ($p) is within $ulp units', async ({ op, exact, inputs, p = 0, ulp }) => {
    for (const values of inputs) {
      const result = await run(op, values, p);
      let worst = 0;
      let at = 0;
      for (let i = 0; i < values.length; i++) {
        const expected = exact(values[i]!, Math.fround(p));
        if (Object.is(Math.fround(expected), result[i]!) || Math.fround(expected) === result[i]!) continue;
        const error = Math.abs(result[i]! - expected) / unitInLastPlace(expected);
        if (!(error <= worst)) [worst, at] = [error, i];
      }
      expect(worst, `${op}(${values[at]}) = ${result[at]}`).toBeLessThanOrEqual(ulp);
    }
  });

  it('knows the special values', async () => {
    const special = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 1, -1, 1e-45, -1e-45, 200, -200);
    const expected: readonly (readonly [UnaryOp, number, (x: number) => number])[] = [
      ['exp', 0, Math.exp],
      ['log', 0, Math.log],
      ['log1p', 0, Math.log1p],
      ['tanh', 0, Math.tanh],
      ['sin', 0, Math.sin],
      ['sqrt', 0, Math.sqrt],
      ['relu', 0, (x) => (Number.isNaN(x) ? x : Math.max(x, 0))],
      ['isFinite', 0, (x) => (Number.isFinite(x) ? 1 : 0)],
      ['power', 3, (x) => x ** 3],
      ['power', -3, (x) => x ** -3],
      ['power', 0, (x) => x ** 0],
      ['power', 1.5, (x) => x ** 1.5],
      ['clampMin', 0.5, (x) => (Number.isNaN(x) ? x : Math.max(x, 0.5))],
    ];
    for (const [op, p, exact] of expected) {
      const result = await run(op, special, p);
      special.forEach((x, i) => {
        const want = Math.fround(exact(x));
        if (Number.isFinite(want)) expect(result[i], `${op}(${x}, ${p})`).toBeCloseTo(want, 5);
        else expect(result[i], `${op}(${x}, ${p})`).toBe(want);
      });
    }
  });
});
