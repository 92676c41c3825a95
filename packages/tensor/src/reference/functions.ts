/** Functions of one number in double precision. */

/** Abramowitz & Stegun 7.1.5, the series, which converges everywhere and is exact to rounding for |x| < 5. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export interface ReferenceFunction {
  readonly f: (x: number) => number;
  /** Where to try it: away from kinks and poles. */
  readonly domain: readonly [number, number];
  /** Points where it has no derivative. */
  readonly kinks?: readonly number[];
}

const everywhere = [-2.5, 2.5] as const;
const positive = [0.2, 3] as const;

export const FUNCTIONS: Readonly<Record<string, ReferenceFunction>> = {
  neg: { f: (x) => -x, domain: everywhere },
  abs: { f: Math.abs, domain: everywhere, kinks: [0] },
  square: { f: (x) => x * x, domain: everywhere },
  sqrt: { f: Math.sqrt, domain: positive },
  rsqrt: { f: (x) => 1 / Math.sqrt(x), domain: positive },
  reciprocal: { f: (x) => 1 / x, domain: positive },
  exp: { f: Math.exp, domain: everywhere },
  log: { f: Math.log, domain: positive },
  log1p: { f: Math.log1p, domain: positive },
  sin: { f: Math.sin, domain: everywhere },
  cos: { f: Math.cos, domain: everywhere },
  erf: { f: erf, domain: everywhere },
  sigmoid: { f: sigmoid, domain: everywhere },
  tanh: { f: Math.tanh, domain: everywhere },
  softplus: { f: (x) => Math.log1p(Math.exp(x)), domain: everywhere },
  relu: { f: (x) => Math.max(0, x), domain: everywhere, kinks: [0] },
  silu: { f: (x) => x * sigmoid(x), domain: everywhere },
  gelu: { f: (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2, domain: everywhere },
  geluTanh: {
    f: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
    domain: everywhere,
  },
  leakyRelu: { f: (x) => (x > 0 ? x : 0.01 * x), domain: everywhere, kinks: [0] },
  elu: { f: (x) => (x > 0 ? x : Math.expm1(x)), domain: everywhere, kinks: [0] },
};
