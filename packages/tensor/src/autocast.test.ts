/** Mixed precision: what follows an f16 convolution takes what it gives, and computes as well as its f32 self on the same values. */
import { beforeAll, expect, it } from 'vitest';
import {
  add,
  autocast,
  batchNorm,
  cast,
  conv3d,
  cumulativeSum,
  type Device,
  fromArray,
  full,
  gradients,
  instanceNorm,
  interpolate,
  mul,
  ones,
  resize,
  sampleGrid,
  scale,
  standardDeviation,
  sum,
  type Tensor,
  tidy,
  variance,
  zeros,
} from './index.ts';
import { describeOnEach, expectClose, testValues } from './testing.ts';
import { skipOn } from './testing-skips.ts';

const SHAPE = [2, 3, 4, 3, 2] as const;
/** f16 has 11 bits. */
const HALF = { rtol: 2e-3, atol: 2e-3 };

describeOnEach('mixed precision on $name', ({ open }) => {
  let device: Device;

  beforeAll(async () => {
    device = await open();
  });

  const filled = (shape: readonly number[], seed: number): Tensor =>
    fromArray(testValues(shape, seed), shape, { device });

  const norm =
    (training: boolean) =>
    (x: Tensor): Tensor => {
      const c = x.shape.at(-1)!;
      const [weight, bias, runningMean] = [4, 5, 6].map((seed) => filled([c], seed)) as [Tensor, Tensor, Tensor];
      return batchNorm(x, { weight, bias, runningMean, runningVariance: full(2, [c], { device }), training }).y;
    };

  const ops: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    'batchNorm in training': norm(true),
    'batchNorm with running statistics': norm(false),
    interpolate: (x) => interpolate(x, [5, 6, 4]),
    'resize of order 0': (x) => resize(x, [5, 6, 4], 0),
    'resize of order 3': (x) => resize(x, [5, 6, 4], 3),
    sampleGrid: (x) => sampleGrid(x, scale(filled([2, 2, 3, 2, 3], 8), 2), { outside: 'edge' }),
    variance: (x) => variance(x, { axes: [1, 2, 3] }),
    cumulativeSum: (x) => cumulativeSum(x, 2),
  };

  it.for(Object.keys(ops))('%s takes what a convolution gives', async (name, context) => {
    skipOn(context, device, 'f16');
    const weight = filled([1, 1, 1, 2, 2], 2);
    const x = filled(SHAPE, 1).requireGradient();
    const [half, wide] = tidy(() => {
      const make = (hidden: Tensor): Tensor => {
        const y = ops[name]!(hidden);
        sum(mul(cast(y, 'f32'), filled(y.shape, 3))).backward();
        return y.detach();
      };
      const hidden = autocast(() => conv3d(x, weight));
      const half = autocast(() => make(hidden));
      expect(half.dtype).toBe('f16');
      const fromHalf = x.gradient!.detach();
      x.variable!.gradient = undefined;
      const wide = make(conv3d(x, weight));
      expect(wide.dtype).toBe('f32');
      return [
        [cast(half, 'f32'), cast(fromHalf, 'f32')],
        [wide, x.gradient!.detach()],
      ] as const;
    });
    for (const [i, tensor] of half.entries()) expectClose(await tensor.data(), await wide[i]!.data(), HALF);
    for (const tensor of [...half, ...wide, x, weight]) tensor.dispose();
  });

  it('batchNorm keeps f32 statistics of f16 values whose squares f16 cannot hold', async (context) => {
    skipOn(context, device, 'f16');
    const values = [-1000, 1000, -3000, 3000];
    const found = tidy(() => {
      const x = cast(fromArray(values, [4, 1], { device }), 'f16');
      const one = ones([1], { device });
      const zero = zeros([1], { device });
      return batchNorm(x, {
        weight: one,
        bias: zero,
        runningMean: zero,
        runningVariance: one,
        training: true,
        momentum: 1,
      });
    });
    // Mean 0, mean square 5e6.
    expectClose(
      await tidy(() => cast(found.y, 'f32')).data(),
      values.map((value) => value / Math.sqrt(5e6)),
      HALF,
    );
    expect(found.runningVariance.dtype).toBe('f32');
    expectClose(await found.runningVariance.data(), [(4 / 3) * 5e6], { rtol: 1e-5 });
  });

  it('variance and standard deviation square in f32', async (context) => {
    skipOn(context, device, 'f16');
    const found = tidy(() => {
      // 400² is more than f16 holds, and so is the sum of what is squared here: a variance of 10 201 and deviations of 101 and 400.
      const near = cast(fromArray([-101, 101, -101, 101], [4], { device }), 'f16');
      const far = cast(fromArray([-400, 400, -400, 400], [4], { device }), 'f16');
      const population = { correction: 0 };
      return [
        variance(
          cast(
            fromArray(
              Array.from({ length: 64 }, (_, i) => (i % 2 ? 101 : -101)),
              [64],
              { device },
            ),
            'f16',
          ),
          population,
        ),
        standardDeviation(near, population),
        standardDeviation(far, population),
      ].map((result) => cast(result, 'f32'));
    });
    const values = await Promise.all(found.map(async (result) => await result.item()));
    expectClose(values, [101 ** 2, 101, 400], HALF);
  });

  it('gradients of gradients of a convolution and a norm are those of f32', async (context) => {
    skipOn(context, device, 'f16');
    const second = async (run: <Result>(work: () => Result) => Result): Promise<ArrayLike<number>[]> => {
      const found = tidy(() => {
        const x = filled(SHAPE, 1).requireGradient();
        const weight = filled([3, 3, 3, 2, 2], 2).requireGradient();
        const y = run(() => instanceNorm(conv3d(x, weight, { padding: 1 }), { slope: 0.1 }));
        const f = sum(mul(cast(y, 'f32'), filled(y.shape, 3)));
        const slopes = gradients(f, [x, weight], { createGraph: true });
        const along = slopes.map((slope, i) => sum(mul(slope, filled(slope.shape, 5 + i)))).reduce((a, b) => add(a, b));
        return gradients(along, [x, weight]);
      });
      return await Promise.all(found.map(async (tensor) => await tensor.data()));
    };
    const [half, wide] = [await second(autocast), await second((work) => work())];
    for (const [i, values] of half.entries()) {
      const largest = Math.max(...Array.from(wide[i]!, Math.abs));
      expectClose(values, wide[i]!, { rtol: 0, atol: 0.01 * largest });
    }
  });
});
