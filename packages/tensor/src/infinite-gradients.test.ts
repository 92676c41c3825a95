/** Gradients at the edges of ops, as PyTorch has them: what is not chosen gets 0 even of an infinite gradient, as loss scaling may bring it. */
import { expect, it } from 'vitest';
import {
  clamp,
  elu,
  floor,
  fromArray,
  gradients,
  leakyRelu,
  logSumExp,
  max,
  maximum,
  minimum,
  mul,
  pow,
  relu,
  sum,
  type Tensor,
  tidy,
  where,
} from './index.ts';
import { describeOnEach } from './testing.ts';

const INFINITY = Number.POSITIVE_INFINITY;

/** Ops of a and b, values of both, and the gradients of both for an infinite gradient. */
const CHOICES: Readonly<
  Record<string, readonly [(a: Tensor, b: Tensor) => Tensor, number[], number[], number[], number[]]>
> = {
  relu: [(a) => relu(a), [-1, 2], [0, 0], [0, INFINITY], [0, 0]],
  leakyRelu: [(a) => leakyRelu(a, 0.1), [-1, 2], [0, 0], [INFINITY, INFINITY], [0, 0]],
  floor: [(a) => floor(a), [-1.5, 2], [0, 0], [0, 0], [0, 0]],
  'the power 0': [(a) => pow(a, 0), [0, 2], [0, 0], [0, 0], [0, 0]],
  clamp: [(a) => clamp(a, 0, 1), [-1, 0.5], [0, 0], [0, INFINITY], [0, 0]],
  maximum: [maximum, [1, 3], [2, 2], [0, INFINITY], [INFINITY, 0]],
  minimum: [minimum, [1, 3], [2, 2], [INFINITY, 0], [0, INFINITY]],
  where: [
    (a, b) => where(fromArray([1, 0], [2], { device: a.device, dtype: 'bool' }), a, b),
    [1, 2],
    [3, 4],
    [INFINITY, 0],
    [0, INFINITY],
  ],
  max: [(a) => max(a, { axes: 0, keepAxes: true }), [1, 2], [0, 0], [0, INFINITY], [0, 0]],
};

describeOnEach('on $name', ({ open }) => {
  it.each(Object.entries(CHOICES))('%s of an infinite gradient', async (_, [op, a, b, wantedA, wantedB]) => {
    const device = await open();
    const [first, second] = [a, b].map((values) => fromArray(values, [2], { device }).requireGradient());
    tidy(() => {
      const out = op(first!, second!);
      out.backward(fromArray(new Array<number>(out.size).fill(INFINITY), out.shape, { device }));
    });
    expect([...(await first!.gradient!.data())].map(Math.abs)).toEqual(wantedA);
    if (second!.gradient !== undefined) expect([...(await second!.gradient.data())].map(Math.abs)).toEqual(wantedB);
    for (const tensor of [first!, second!]) tensor.dispose();
  });

  it('powers of 0', async () => {
    const device = await open();
    const base = fromArray([0, 0, 2], [3], { device }).requireGradient();
    const exponent = fromArray([2, 0, 0], [3], { device }).requireGradient();
    tidy(() => sum(pow(base, exponent)).backward());
    expect([...(await base.gradient!.data())]).toEqual([0, 0, 0]);
    const slopes = await exponent.gradient!.data();
    expect([...slopes.subarray(0, 2)]).toEqual([0, 0]);
    expect(slopes[2]).toBeCloseTo(Math.LN2, 5);
    for (const tensor of [base, exponent]) tensor.dispose();
  });

  it('the second derivative of elu far out', async () => {
    const device = await open();
    const x = fromArray([100, -1], [2], { device }).requireGradient();
    const second = tidy(() => {
      const [slope] = gradients(sum(mul(elu(x), elu(x))), [x], { createGraph: true });
      return gradients(sum(slope!), [x])[0]!;
    });
    const values = await second.data();
    // (elu²)″ = 2 · elu′² + 2 · elu · elu″
    const power = Math.exp(-1);
    expect(values[0]).toBeCloseTo(2, 5);
    expect(values[1]).toBeCloseTo(2 * power * power + 2 * (power - 1) * power, 5);
    for (const tensor of [x, second]) tensor.dispose();
  });

  it('logSumExp of infinities', async () => {
    const device = await open();
    const x = fromArray([-INFINITY, -INFINITY, -INFINITY, 3, 1, INFINITY], [3, 2], { device }).requireGradient();
    const result = tidy(() => {
      const out = logSumExp(x, { axes: 1 });
      out.backward(fromArray([1, 1, 0], [3], { device }));
      return out.detach();
    });
    expect([...(await result.data())]).toEqual([-INFINITY, 3, INFINITY]);
    expect([...(await x.gradient!.data()).subarray(0, 4)]).toEqual([0, 0, 0, 1]);
    for (const tensor of [x, result]) tensor.dispose();
  });
});
