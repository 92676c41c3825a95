/** Softmax over any axis and layer normalisation over several: values and gradients of torch 2.13 in double precision. */
import { expect, it } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import {
  fromArray,
  gradients,
  layerNorm,
  logSoftmax,
  mul,
  permute,
  softmax,
  sum,
  type Tensor,
  tidy,
} from '../../index.ts';
import { describeOnEach, expectClose } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

const X = Array.from({ length: 24 }, (_, i) => (5 * i) % 7);
const UPSTREAM = Array.from({ length: 24 }, (_, i) => (3 * i) % 5);
const WEIGHT = Array.from({ length: 12 }, (_, i) => i / 8 + 0.5);
const BIAS = Array.from({ length: 12 }, (_, i) => i / 4 - 1);

const SOFTMAX_OVER_1 = {
  y: [
    0.001809, 0.665241, 0.665241, 0.006676, 0.729736, 0.244728, 0.244728, 0.002456, 0.268455, 0.090031, 0.090031,
    0.990867, 0.665241, 0.665241, 0.001809, 0.665241, 0.244728, 0.244728, 0.729736, 0.244728, 0.090031, 0.090031,
    0.268455, 0.090031,
  ],
  dx: [
    -0.004582, 0.548302, -0.265715, 0.006665, -0.389163, -0.532476, 0.391706, -0.004917, 0.393745, -0.015826, -0.125991,
    -0.001748, -0.265715, 0.548302, -0.002154, -0.565175, 0.391706, -0.532476, 0.590344, 0.281541, -0.125991, -0.015826,
    -0.588189, 0.283634,
  ],
};
const LOG_SOFTMAX_OVER_0 = {
  y: [
    -4.01815, -0.048587, -0.048587, -4.01815, -0.048587, -0.048587, -4.01815, -4.01815, -0.048587, -0.048587, -4.01815,
    -0.048587, -0.01815, -3.048587, -3.048587, -0.01815, -3.048587, -3.048587, -0.01815, -0.01815, -3.048587, -3.048587,
    -0.01815, -3.048587,
  ],
  dx: [
    -0.017986, -3.668019, -1.857722, 3.928055, -2.762871, -0.952574, 2.874097, 0.946041, 0.189703, -2.762871, -0.017986,
    -3.668019, 0.017986, 3.668019, 1.857722, -3.928055, 2.762871, 0.952574, -2.874097, -0.946041, -0.189703, 2.762871,
    0.017986, 3.668019,
  ],
};
const LAYER_NORM = {
  y: [
    -1.707106, -0.160745, -0.5, -1.074957, 1.414212, 0.780329, -0.089255, -1.194541, 2.414212, 1.25, -0.149914,
    4.401647, -0.713576, -1.052948, -1.656712, 0.713926, 0.044065, -0.890187, 2.538016, 1.537666, 0.272924, -1.256208,
    3.427853, 1.832622,
  ],
  dx: [
    -0.482863, -0.635631, -0.7513, 0.959721, -0.784035, -1.312183, 0.870242, 0.165317, 1.308911, 0.42721, -0.690193,
    0.924804, -1.085159, -0.017327, -0.535841, -1.354684, 0.241931, -0.739269, 1.284094, 0.104601, -1.339283, 1.248799,
    -0.429315, 2.621452,
  ],
  dweight: [
    0.572848, 0.889555, -3.084564, -3.771232, 2.96062, -1.0135, 5.107438, -0.268517, 3.771232, -4.626846, 1.10163,
    4.418897,
  ],
  dbias: [1, 7, 3, 4, 5, 1, 7, 3, 4, 5, 1, 7],
};

const TOLERANCE = { f32: { rtol: 1e-5, atol: 2e-6 }, f16: { rtol: 4e-3, atol: 8e-3 } };

const dtypes = ['f32', 'f16'] as const;

describeOnEach('ops over chosen axes on $name', ({ open }) => {
  it.for(
    dtypes.flatMap((dtype) => [
      { dtype, name: 'softmax', work: (x: Tensor) => softmax(x, 1), expected: SOFTMAX_OVER_1 },
      { dtype, name: 'logSoftmax', work: (x: Tensor) => logSoftmax(x, -3), expected: LOG_SOFTMAX_OVER_0 },
      // The same over the last axis of a tensor that is permuted.
      {
        dtype,
        name: 'softmax, turned,',
        work: (x: Tensor) => permute(softmax(permute(x, [0, 2, 1])), [0, 2, 1]),
        expected: SOFTMAX_OVER_1,
      },
    ]),
  )("$name in $dtype, and its gradient, are torch's", async ({ dtype, work, expected }, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    const [y, dx] = tidy(() => {
      const x = fromArray(X, [2, 3, 4], { device, dtype }).requireGradient();
      const y = work(x);
      return [y.detach(), gradients(sum(mul(y, fromArray(UPSTREAM, [2, 3, 4], { device, dtype }))), [x])[0]!];
    });
    expectClose(await y.data(), expected.y, TOLERANCE[dtype]);
    expectClose(await dx.data(), expected.dx, TOLERANCE[dtype]);
    y.dispose();
    dx.dispose();
  });

  it.for(dtypes)("layerNorm over two axes in %s, and its gradients, are torch's", async (dtype, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    const found = tidy(() => {
      const x = fromArray(X, [2, 3, 4], { device, dtype }).requireGradient();
      const weight = fromArray(WEIGHT, [3, 4], { device }).requireGradient();
      const bias = fromArray(BIAS, [3, 4], { device }).requireGradient();
      const y = layerNorm(x, { normalizedShape: [3, 4], weight, bias });
      const loss = sum(mul(y, fromArray(UPSTREAM, [2, 3, 4], { device, dtype })));
      return [y.detach(), ...gradients(loss, [x, weight, bias])];
    });
    expect(found.map(({ shape }) => shape)).toEqual([
      [2, 3, 4],
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ]);
    const { y, dx, dweight, dbias } = LAYER_NORM;
    for (const [i, expected] of [y, dx, dweight, dbias].entries()) {
      expectClose(await found[i]!.data(), expected, TOLERANCE[dtype]);
      found[i]!.dispose();
    }
  });

  it('says which axes there are, and which shape it wants', async () => {
    const device = await open();
    tidy(() => {
      const x = fromArray(X, [2, 3, 4], { device });
      expect(() => softmax(x, 3)).toThrowError(/softmax/);
      for (const normalizedShape of [[], [3], [2, 4], [1, 2, 3, 4]])
        try {
          layerNorm(x, { normalizedShape });
          expect.unreachable();
        } catch (error) {
          expect(isVoxelgradError(error, 'shape'), String(error)).toBe(true);
          expect(String(error)).toMatch(/layerNorm[\s\S]*\[2, 3, 4\]/);
        }
      const weight = fromArray(WEIGHT, [12], { device });
      expect(() => layerNorm(x, { normalizedShape: [3, 4], weight, bias: weight })).toThrowError(
        /weight[\s\S]*\[3, 4\]/,
      );
    });
  });
});
