/**
 * Gradients of gradients of every op against finite differences of a reference in double precision: for `f = Σ weights · op(inputs)` and two random
 * directions u and v over all inputs at once, `v · ∇(u · ∇f)` must be the mixed second difference of f. Fused gradients say that they are not differentiable.
 */
import { expect, it } from 'vitest';
import type { Device } from './device/device.ts';
import { VoxelgradError } from './errors.ts';
import { add, checkpoint, fromArray, gradients, mul, square, sum, type Tensor, tidy } from './index.ts';
import type { Doubles } from './reference/arrays.ts';
import { Draw, type GradientCase } from './reference/draw.ts';
import { GRADIENT_CASES } from './reference/gradient-cases.ts';
import { describeOnEach } from './testing.ts';

const CASES_PER_KIND = 3;
/** Cases that are drawn to find these: not all are smooth where they are looked at. */
const MOST_DRAWS = 10;
/** Between the errors of truncation, h², and of rounding, 1e-16 / h². */
const STEP = 3e-4;

/** What the errors of those whose gradients are fused kernels name. */
const FUSED: Readonly<Record<string, RegExp>> = {
  resampling: /fused op interpolate /,
  'resampling of images': /fused op interpolate /,
  splines: /fused op resize /,
  pooling: /fused op (max|average)Pool3d /,
  'pooling of images': /fused op (max|average)Pool3d /,
  sampling: /fused op sampleGrid /,
  'sampling of images': /fused op sampleGrid /,
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((total, value, i) => total + value * b[i]!, 0);

const upload = ({ shape, data }: Doubles, device: Device): Tensor =>
  fromArray(Float32Array.from(data), shape, { device });

/** The engine's `v · ∇(u · ∇f)`, and the sum of its terms' magnitudes. */
async function secondDerivative(
  { inputs, run }: GradientCase,
  weights: Doubles,
  u: readonly Doubles[],
  v: readonly Doubles[],
  device: Device,
): Promise<{ readonly value: number; readonly magnitude: number }> {
  const found = tidy(() => {
    const leaves = inputs.map((input) => upload(input, device).requireGradient());
    const f = sum(mul(run(leaves), upload(weights, device)));
    const slopes = gradients(f, leaves, { createGraph: true });
    const along = slopes.map((slope, i) => sum(mul(slope, upload(u[i]!, device)))).reduce((a, b) => add(a, b));
    // A linear op's gradient does not depend on its input.
    return along.requiresGradient ? gradients(along, leaves) : [];
  });
  const values = await Promise.all(found.map(async (tensor) => tensor.data()));
  for (const tensor of found) tensor.dispose();
  return {
    value: values.reduce((total, data, i) => total + dot(data, v[i]!.data), 0),
    magnitude: Math.sqrt(values.reduce((total, data, i) => total + dot(data, data) * dot(v[i]!.data, v[i]!.data), 0)),
  };
}

function secondDifference(
  { inputs, reference }: GradientCase,
  weights: Doubles,
  u: readonly Doubles[],
  v: readonly Doubles[],
  step: number,
): number {
  const at = (alongU: number, alongV: number): number => {
    const moved = inputs.map(({ shape, data }, i): Doubles => {
      const value = (x: number, k: number): number => x + step * (alongU * u[i]!.data[k]! + alongV * v[i]!.data[k]!);
      return { shape, data: data.map(value) };
    });
    return dot(reference(moved).data, weights.data);
  };
  return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * step * step);
}

describeOnEach('gradients of gradients on $name', ({ open }) => {
  it.each(Object.keys(GRADIENT_CASES))('of %s', async (kind) => {
    const device = await open();
    const before = device.memory().usedBytes;
    let checked = 0;
    for (let seed = 1; checked < CASES_PER_KIND && seed <= MOST_DRAWS; seed++) {
      const draw = new Draw(seed);
      const gradientCase = GRADIENT_CASES[kind]!(draw);
      const weights = draw.array(gradientCase.reference(gradientCase.inputs).shape);
      const direction = (): Doubles[] => gradientCase.inputs.map(({ shape }) => draw.array(shape));
      const [u, v] = [direction(), direction()];
      const found = secondDerivative(gradientCase, weights, u, v, device);
      if (FUSED[kind] === undefined) {
        const { value, magnitude } = await found;
        const [expected, finer] = [STEP, STEP / 2].map((step) => secondDifference(gradientCase, weights, u, v, step));
        // Across the kink of a LeakyReLU a difference grows as its step shrinks.
        if (Math.abs(expected! - finer!) > 1e-3 * (magnitude + Math.abs(expected!)) + 1e-3) continue;
        checked++;
        expect(Math.abs(value - expected!), `${gradientCase.name}: ${value}, expected ${expected}`).toBeLessThan(
          2e-4 * magnitude + 5e-4 * Math.abs(expected!) + 5e-5,
        );
      } else {
        checked++;
        const error: unknown = await found.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(VoxelgradError);
        expect(String(error)).toMatch(FUSED[kind]!);
      }
    }
    expect(checked).toBe(CASES_PER_KIND);
    // Also where the walk was broken off.
    expect(device.memory().usedBytes).toBe(before);
  });

  it('are refused through a checkpoint', async () => {
    const device = await open();
    tidy(() => {
      const x = fromArray([1, 2], [2], { device }).requireGradient();
      const y = sum(checkpoint((x) => square(x), x));
      expect(() => gradients(y, [x], { createGraph: true })).toThrowError(/fused op checkpoint /);
    });
  });
});
