/** Normalisation on every device against plain loops in double precision; the gradient also against finite differences of those loops. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import { describeOnEach, empty, expectClose, type Tolerance, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { NormSettings } from './instance-norm.kernels.ts';

interface NormCase extends NormSettings {
  readonly shape: Shape;
  readonly affine: boolean;
}

const CASES: Record<string, NormCase> = {
  'instance norm of 32 channels': { shape: [2, 5, 7, 9, 32], groups: 32, epsilon: 1e-5, slope: 0.01, affine: true },
  'instance norm of 17 channels': { shape: [1, 3, 5, 7, 17], groups: 17, epsilon: 1e-5, slope: 0.01, affine: true },
  'instance norm of 1 channel': { shape: [3, 4, 5, 6, 1], groups: 1, epsilon: 1e-5, slope: 1, affine: true },
  'instance norm of 3 channels without affine map': {
    shape: [2, 9, 8, 7, 3],
    groups: 3,
    epsilon: 1e-5,
    slope: 0.2,
    affine: false,
  },
  'instance norm of 100 channels, 2-D': {
    shape: [1, 11, 6, 100],
    groups: 100,
    epsilon: 1e-3,
    slope: 0.01,
    affine: true,
  },
  'instance norm of many voxels': { shape: [1, 21, 33, 29, 4], groups: 4, epsilon: 1e-5, slope: 0.01, affine: true },
  'group norm, 12 channels in 3 groups': {
    shape: [2, 4, 5, 3, 12],
    groups: 3,
    epsilon: 1e-5,
    slope: 0.01,
    affine: true,
  },
  'group norm, 10 channels in 5 groups': { shape: [2, 4, 5, 3, 10], groups: 5, epsilon: 1e-5, slope: 1, affine: false },
  'layer norm': { shape: [3, 5, 24], groups: 1, epsilon: 1e-6, slope: 1, affine: true },
  'one voxel a group': { shape: [2, 1, 1, 1, 8], groups: 2, epsilon: 1e-5, slope: 0.01, affine: true },
};

const TOLERANCE: Partial<Record<DType, Tolerance>> = {
  f32: { rtol: 2e-5, atol: 2e-5 },
  f16: { rtol: 6e-4, atol: 3e-5 },
};

function layoutOf({ shape, groups }: NormCase) {
  const [n, c] = [shape[0]!, shape.at(-1)!];
  const space = sizeOf(shape) / n / c;
  const size = (space * c) / groups;
  /** The statistics that element i belongs to. */
  const groupOf = (i: number): number => Math.floor(i / (space * c)) * groups + Math.floor(((i % c) * groups) / c);
  return { n, c, size, groupOf };
}

interface Forward {
  readonly y: Float64Array;
  readonly mean: Float64Array;
  readonly inverseDeviation: Float64Array;
}

function referenceForward(
  norm: NormCase,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): Forward {
  const { n, c, size, groupOf } = layoutOf(norm);
  const mean = new Float64Array(n * norm.groups);
  for (let i = 0; i < x.length; i++) mean[groupOf(i)]! += x[i]! / size;
  const variance = new Float64Array(n * norm.groups);
  for (let i = 0; i < x.length; i++) variance[groupOf(i)]! += (x[i]! - mean[groupOf(i)]!) ** 2 / size;
  const inverseDeviation = variance.map((value) => 1 / Math.sqrt(value + norm.epsilon));
  const y = Float64Array.from({ length: x.length }, (_, i) => {
    const z = (x[i]! - mean[groupOf(i)]!) * inverseDeviation[groupOf(i)]! * weight[i % c]! + bias[i % c]!;
    return z > 0 ? z : z * norm.slope;
  });
  return { y, mean, inverseDeviation };
}

function referenceBackward(
  norm: NormCase,
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
) {
  const { n, c, size, groupOf } = layoutOf(norm);
  const { mean, inverseDeviation } = referenceForward(norm, x, weight, bias);
  const unit = Float64Array.from(
    { length: x.length },
    (_, i) => (x[i]! - mean[groupOf(i)]!) * inverseDeviation[groupOf(i)]!,
  );
  const g = unit.map((value, i) => dy[i]! * (value * weight[i % c]! + bias[i % c]! > 0 ? 1 : norm.slope));
  const [dweight, dbias] = [new Float64Array(c), new Float64Array(c)];
  const [meanGradient, meanProduct] = [new Float64Array(n * norm.groups), new Float64Array(n * norm.groups)];
  for (let i = 0; i < x.length; i++) {
    dbias[i % c]! += g[i]!;
    dweight[i % c]! += g[i]! * unit[i]!;
    meanGradient[groupOf(i)]! += (g[i]! * weight[i % c]!) / size;
    meanProduct[groupOf(i)]! += (g[i]! * weight[i % c]! * unit[i]!) / size;
  }
  const dx = g.map((value, i) => {
    const at = groupOf(i);
    return inverseDeviation[at]! * (value * weight[i % c]! - meanGradient[at]! - unit[i]! * meanProduct[at]!);
  });
  return { dx, dweight, dbias };
}

it('the reference gradient is the slope of the reference', () => {
  const norm = CASES['group norm, 12 channels in 3 groups']!;
  const x = Float64Array.from(testValues(norm.shape, 1));
  const [weight, bias, dy] = [testValues([12], 2), testValues([12], 3), testValues(norm.shape, 4)];
  const loss = (): number => referenceForward(norm, x, weight, bias).y.reduce((sum, y, i) => sum + y * dy[i]!, 0);
  const { dx } = referenceBackward(norm, dy, x, weight, bias);
  for (const i of [0, 17, 123, 300, 719]) {
    const [kept, step] = [x[i]!, 1e-6];
    x[i] = kept + step;
    const above = loss();
    x[i] = kept - step;
    const slope = (above - loss()) / (2 * step);
    x[i] = kept;
    expect(dx[i]).toBeCloseTo(slope, 6);
  }
});

describeOnEach('normalisation kernels on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  describe.each(Object.entries(CASES))('%s', (_, norm) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { shape, groups, affine } = norm;
      const [n, c] = [shape[0]!, shape.at(-1)!];
      // Far from zero, so that E[x²] − E[x]² would lose the variance; exact in f16. Keeps clear of the activation's corner.
      const xs = testValues(shape, 1).map((value, i) => 5 + ((i % c) % 8) + Math.round(value * 64) / 64);
      const dys = testValues(shape, 2).map((value) => Math.round(value * 256) / 256);
      const weights = affine ? testValues([c], 3).map((value) => value + 1.5) : new Float32Array(c).fill(1);
      const biases = affine ? testValues([c], 4) : new Float32Array(c);
      const x = upload(device, dtype, shape, xs);
      const dy = upload(device, dtype, shape, dys);
      const weight = affine ? upload(device, 'f32', [c], weights) : undefined;
      const bias = affine ? upload(device, 'f32', [c], biases) : undefined;
      const [y, dx] = [empty(device, dtype, shape), empty(device, dtype, shape)];
      const [mean, inverseDeviation] = [empty(device, 'f32', [n, groups]), empty(device, 'f32', [n, groups])];
      const [dweight, dbias] = [empty(device, 'f32', [c]), empty(device, 'f32', [c])];

      device.kernels.normForward(x, weight, bias, y, mean, inverseDeviation, norm);
      device.kernels.normBackward(
        dy,
        x,
        weight,
        bias,
        mean,
        inverseDeviation,
        dx,
        affine ? dweight : undefined,
        affine ? dbias : undefined,
        norm,
      );

      const forward = referenceForward(norm, xs, weights, biases);
      const backward = referenceBackward(norm, dys, xs, weights, biases);
      expectClose(await device.read(mean), forward.mean, { rtol: 1e-6 });
      expectClose(await device.read(inverseDeviation), forward.inverseDeviation, { rtol: 1e-5 });
      expectClose(await device.read(y), forward.y, TOLERANCE[dtype]);
      expectClose(await device.read(dx), backward.dx, TOLERANCE[dtype]);
      const again = empty(device, dtype, shape);
      device.kernels.normAgain(x, weight, bias, mean, inverseDeviation, again, norm);
      expect(await device.read(again)).toEqual(await device.read(y));
      if (affine) {
        expectClose(await device.read(dweight), backward.dweight, { rtol: 2e-5, atol: 2e-4 });
        expectClose(await device.read(dbias), backward.dbias, { rtol: 2e-5, atol: 2e-4 });
      }
      const operands = [x, dy, weight, bias, y, again, dx, mean, inverseDeviation, dweight, dbias];
      for (const operand of operands) if (operand !== undefined) device.free(operand.buffer);
    });
  });

  it('a constant channel becomes its bias', async () => {
    const shape = [1, 4, 4, 4, 4];
    const x = upload(device, 'f32', shape, new Float32Array(256).fill(1234.5));
    const bias = upload(device, 'f32', [4], [1, -2, 3, 0]);
    const weight = upload(device, 'f32', [4], [1, 1, 1, 1]);
    const [y, mean, inverseDeviation] = [
      empty(device, 'f32', shape),
      empty(device, 'f32', [1, 4]),
      empty(device, 'f32', [1, 4]),
    ];
    device.kernels.normForward(x, weight, bias, y, mean, inverseDeviation, { groups: 4, epsilon: 1e-5, slope: 0.5 });
    expectClose(
      await device.read(y),
      Float32Array.from({ length: 256 }, (_, i) => [1, -1, 3, 0][i % 4]!),
      { rtol: 1e-6 },
    );
  });
});
