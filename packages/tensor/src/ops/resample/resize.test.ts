/** Splines of every device against the textbook way: coefficients by solving their equations, then the B-spline's sum, in double precision. */
import { describe, expect, it } from 'vitest';
import { fromArray } from '../../create.ts';
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import { describeOnEach, expectClose, testValues } from '../../testing.ts';
import { narrow } from '../copy/copy.ts';
import { mul } from '../elementwise/elementwise.ts';
import { sum } from '../reduce/reduce.ts';
import { resize, resizeSources, type SplineOrder } from './resize.ts';

/** So far beyond the edge, nothing is left of what happens there. */
const padding = 40;

/** The B-spline of an order at a distance. */
function spline(order: SplineOrder, x: number): number {
  const d = Math.abs(x);
  if (order === 0) return x >= -0.5 && x < 0.5 ? 1 : 0;
  if (order === 1) return Math.max(0, 1 - d);
  if (order === 2) return d < 0.5 ? 0.75 - d * d : Math.max(0, 1.5 - d) ** 2 / 2;
  return d < 1 ? 2 / 3 - d * d + d ** 3 / 2 : Math.max(0, 2 - d) ** 3 / 6;
}

/** Coefficients whose spline goes through `values`: (a, b, a)-tridiagonal equations by Gaussian elimination. */
function coefficients(order: SplineOrder, values: readonly number[]): number[] {
  if (order < 2) return [...values];
  const [side, middle] = [spline(order, 1), spline(order, 0)];
  const pivots: number[] = [];
  const right: number[] = [];
  for (const [i, value] of values.entries()) {
    const factor = i === 0 ? 0 : side / pivots[i - 1]!;
    pivots.push(middle - factor * side);
    right.push(value - factor * (right[i - 1] ?? 0));
  }
  const found = new Array<number>(values.length + 1).fill(0);
  for (let i = values.length - 1; i >= 0; i--) found[i] = (right[i]! - side * found[i + 1]!) / pivots[i]!;
  return found.slice(0, -1);
}

function resizeLine(order: SplineOrder, line: readonly number[], size: number): number[] {
  const at = (i: number): number => line[Math.min(Math.max(i, 0), line.length - 1)]!;
  const padded = Array.from({ length: line.length + 2 * padding }, (_, i) => at(i - padding));
  const found = coefficients(order, padded);
  return Array.from({ length: size }, (_, i) => {
    const coordinate = (i + 0.5) * (line.length / size) - 0.5 + padding;
    return found.reduce((total, value, k) => total + value * spline(order, coordinate - k), 0);
  });
}

/** `[n, d, h, w, c]`, one axis after the other. */
function reference(values: ArrayLike<number>, shape: Shape, size: Triple, order: SplineOrder): number[] {
  let current = Array.from(values);
  let extents = [...shape];
  for (const axis of [1, 2, 3]) {
    const inner = sizeOf(extents.slice(axis + 1));
    const [from, to] = [extents[axis]!, size[axis - 1]!];
    const next = new Array<number>((current.length / from) * to);
    for (let line = 0; line < current.length / from; line++) {
      const [outside, inside] = [Math.floor(line / inner), line % inner];
      const values = Array.from({ length: from }, (_, i) => current[(outside * from + i) * inner + inside]!);
      for (const [i, value] of resizeLine(order, values, to).entries())
        next[(outside * to + i) * inner + inside] = value;
    }
    current = next;
    extents = extents.with(axis, to);
  }
  return current;
}

const SIZES: Record<string, readonly [Shape, Triple]> = {
  larger: [
    [2, 3, 5, 4, 3],
    [5, 8, 9],
  ],
  smaller: [
    [1, 9, 8, 14, 1],
    [4, 5, 6],
  ],
  'one axis': [
    [1, 3, 20, 4, 2],
    [3, 7, 4],
  ],
  'an axis of one voxel': [
    [1, 1, 6, 5, 4],
    [1, 4, 11],
  ],
  'the same': [
    [1, 3, 4, 5, 1],
    [3, 4, 5],
  ],
};

describeOnEach('resize on $name', ({ open }) => {
  describe.each([0, 1, 2, 3] as const)('order %i', (order) => {
    it.each(Object.keys(SIZES))('%s', async (name) => {
      const device = await open();
      const [shape, size] = SIZES[name]!;
      const values = testValues(shape, 3);
      const x = fromArray(values, shape, { device });
      const out = resize(x, size, order);
      expect(out.shape).toEqual([shape[0], ...size, shape[4]]);
      expectClose(await out.data(), reference(values, shape, size, order), { rtol: 1e-5, atol: 2e-6 });
      for (const tensor of [x, out]) tensor.dispose();
    });
  });

  it.each([1, 3] as const)('has the transposed matrix as gradient, order %i', async (order) => {
    const device = await open();
    const [shape, size] = SIZES.larger!;
    const x = fromArray(testValues(shape, 5), shape, { device }).requireGradient();
    const outShape = [shape[0]!, ...size, shape[4]!];
    const weights = fromArray(testValues(outShape, 7), outShape, { device });
    const total = sum(mul(resize(x, size, order), weights));
    total.backward();
    // ⟨R x, g⟩ = ⟨x, Rᵀ g⟩, as R is linear.
    const product = sum(mul(x.detach(), x.gradient!));
    expectClose(await product.data(), await total.data(), { rtol: 1e-4, atol: 1e-4 });
    for (const tensor of [product, total, weights, x]) tensor.dispose();
  });

  it.each([0, 1, 2, 3] as const)('makes of pieces what it makes of the whole, order %i', async (order) => {
    const device = await open();
    const [shape, size]: [Shape, Triple] = [
      [1, 24, 19, 5, 3],
      [31, 11, 9],
    ];
    const x = fromArray(testValues(shape, 9), shape, { device });
    const whole = resize(x, size, order);
    const sources = [0, 1].map((axis) => resizeSources(order, shape[axis + 1]!, size[axis]!));
    for (const [planes, rows] of [
      [
        [0, 7],
        [0, 11],
      ],
      [
        [7, 20],
        [3, 8],
      ],
      [
        [20, 31],
        [8, 11],
      ],
    ] as const) {
      const spans = [planes, rows].map(([from, to], axis) => {
        const needed = sources[axis]!.slice(from, to);
        return [Math.min(...needed.map(([first]) => first)), Math.max(...needed.map(([, end]) => end))] as const;
      });
      const [[z, zEnd], [y, yEnd]] = spans as [readonly [number, number], readonly [number, number]];
      const piece = narrow(narrow(x, 1, z, zEnd - z), 2, y, yEnd - y);
      const out = resize(piece, [planes[1] - planes[0], rows[1] - rows[0], size[2]], order, {
        input: { first: [z, y, 0], extents: shape.slice(1, 4) as unknown as Triple },
        output: { first: [planes[0], rows[0], 0], extents: size },
      });
      const expected = narrow(narrow(whole, 1, planes[0], planes[1] - planes[0]), 2, rows[0], rows[1] - rows[0]);
      if (order < 2) expect(await out.data()).toEqual(await expected.data());
      else expectClose(await out.data(), await expected.data(), { rtol: 1e-6, atol: 1e-6 });
      for (const tensor of [piece, out, expected]) tensor.dispose();
    }
    const part = {
      input: { first: [1, 0, 0], extents: [24, 19, 5] },
      output: { first: [0, 0, 0], extents: size },
    } as const;
    expect(() => resize(x, size, 1, part)).toThrow(/axis 0: expected voxels 0 to/);
    for (const tensor of [x, whole]) tensor.dispose();
  });

  it('refuses other orders, sizes and shapes', async () => {
    const device = await open();
    const x = fromArray(new Float32Array(8), [1, 2, 2, 2, 1], { device });
    expect(() => resize(x, [2, 0, 2], 3)).toThrow(/whole numbers ≥ 1/);
    expect(() => resize(x, [2, 2, 2], 4 as SplineOrder)).toThrow(/order: expected 0, 1, 2 or 3, got 4/);
    x.dispose();
  });
});
