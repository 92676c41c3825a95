/**
 * Gradients of every op against finite differences of a reference in double precision: for random shapes and attributes, the directional derivative
 * of `Σ weights · op(inputs)` along a random direction must be what the engine's gradients say, and values must agree too.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Device } from './device/device.ts';
import { fromArray, mul, sum, tidy } from './index.ts';
import type { Doubles } from './reference/arrays.ts';
import { Draw, type GradientCase } from './reference/draw.ts';
import { GRADIENT_CASES } from './reference/gradient-cases.ts';
import { describeOnEach, expectClose } from './testing.ts';

/** Cases of each kind and device: over two thousand in all. */
const CASES_PER_KIND = 20;
const STEP = 1e-5;

async function check(device: Device, gradientCase: GradientCase, draw: Draw): Promise<void> {
  const { inputs, run, reference } = gradientCase;
  const expected = reference(inputs);
  const weights = draw.array(expected.shape);
  const leaves = inputs.map(({ shape, data }) =>
    fromArray(Float32Array.from(data), shape, { device }).requireGradient(),
  );
  const out = run(leaves);
  try {
    expect([...out.shape]).toEqual([...expected.shape]);
    expectClose(await out.data(), expected.data, { rtol: 1e-4, atol: 2e-5 });
    tidy(() => sum(mul(out, fromArray(Float32Array.from(weights.data), weights.shape, { device }))).backward());
    for (const [i, leaf] of leaves.entries()) {
      const direction = draw.array(inputs[i]!.shape);
      const along = (step: number): number => {
        const moved = inputs.map((input, j): Doubles => {
          if (i !== j) return input;
          return { shape: input.shape, data: input.data.map((value, k) => value + step * direction.data[k]!) };
        });
        return dot(reference(moved).data, weights.data);
      };
      const difference = (along(STEP) - along(-STEP)) / (2 * STEP);
      const gradient = leaf.gradient === undefined ? new Float32Array(leaf.size) : await leaf.gradient.data();
      const scale = Math.sqrt(dot(gradient, gradient) * dot(direction.data, direction.data));
      expect(Math.abs(dot(gradient, direction.data) - difference)).toBeLessThan(
        1e-4 * scale + 2e-4 * Math.abs(difference) + 2e-5,
      );
    }
  } finally {
    for (const tensor of [out, ...leaves]) tensor.dispose();
  }
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
};

describeOnEach('gradients on $name', ({ open }) => {
  it.each(Object.keys(GRADIENT_CASES))('of %s', async (kind) => {
    const device = await open();
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const draw = new Draw(seed);
        const gradientCase = GRADIENT_CASES[kind]!(draw);
        try {
          await check(device, gradientCase, draw);
        } catch (error) {
          throw new Error(`${gradientCase.name}: ${String(error)}`, { cause: error });
        }
      }),
      { numRuns: CASES_PER_KIND, seed: 20261123, endOnFailure: true },
    );
  });
});
