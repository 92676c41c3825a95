/** Windows, weights, padding and mirroring against the official code's tables, SciPy, NumPy and MONAI's rule spelled out anew. */

import { floatFromHalf, halfFromFloat } from '@voxelgrad/nn';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder, numbersOf } from '../evaluate/fixtures.testing.ts';
import { gaussianImportance, windowWeights } from './importance.ts';
import { mirrorCombinations } from './mirroring.ts';
import { outside, paddingSources, paddingToPatch } from './padding.ts';
import { windowOrigins, windowSteps } from './windows.ts';

const fixtures = fixtureFolder('inference');

describe('windowSteps', () => {
  it('spreads windows as the official code does', lacking(fixtures.missing), () => {
    type Row = { image: number[]; tile: number[]; step: number; steps: number[][] };
    const { table } = fixtures.casesOf<{ table: Row[] }>('compute_steps_for_sliding_window')[0]!.attrs;
    expect(table).toHaveLength(122);
    for (const { image, tile, step, steps } of table) expect(windowSteps(image, tile, { step })).toEqual(steps);
  });

  it('shifts the last window as MONAI does', () => {
    const shifted = { step: 0.75, spread: 'shifted-last' } as const;
    expect(windowSteps([155, 240, 128], [128, 128, 128], shifted)).toEqual([[0, 27], [0, 96, 112], [0]]);
    expect(windowSteps([10], [4], { step: 0.1, spread: 'shifted-last' })).toEqual([[0, 1, 2, 3, 4, 5, 6]]);
    for (const [extent, patch, step] of [
      [97, 32, 0.5],
      [96, 32, 0.5],
      [33, 32, 1],
      [200, 7, 0.9],
    ] as const)
      expect(windowSteps([extent], [patch], { step, spread: 'shifted-last' })[0]).toEqual(
        monaiStarts(extent, patch, step),
      );
  });

  it.each(['even', 'shifted-last'] as const)('covers every voxel (%s)', (spread) => {
    for (const [extent, patch, step] of [
      [50, 16, 0.5],
      [17, 16, 1],
      [31, 5, 0.33],
      [12, 12, 0.5],
      [40, 1, 1],
    ] as const) {
      const [starts] = windowSteps([extent], [patch], { step, spread }) as [number[]];
      const covered = new Set(starts.flatMap((start) => Array.from({ length: patch }, (_, i) => start + i)));
      expect([...covered].sort((a, b) => a - b)).toEqual(Array.from({ length: extent }, (_, i) => i));
    }
  });

  it('orders origins with the last axis fastest and takes 2-D patches from every slice', () => {
    expect(windowOrigins([4, 3], [2, 2], { step: 1 })).toEqual([
      [0, 0],
      [0, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(windowOrigins([2, 4, 2], [2, 2], { step: 1 })).toEqual([
      [0, 0, 0],
      [0, 2, 0],
      [1, 0, 0],
      [1, 2, 0],
    ]);
  });

  it('refuses images smaller than the patch and steps that leave gaps', () => {
    expect(() => windowSteps([8, 4], [8, 8])).toThrow(/holds the patch \[8, 8\], got \[8, 4\]\nhelp: Pad/);
    expect(() => windowSteps([8], [4], { step: 1.5 })).toThrow(/\(0, 1\], got 1.5/);
    expect(() => windowSteps([8], [4], { step: 0 })).toThrow(/step/);
  });
});

/** MONAI's loop: count windows until one reaches the end, then push each back into the image. */
function monaiStarts(extent: number, patch: number, step: number): number[] {
  const interval = Math.max(1, Math.trunc(patch * step));
  let count = 1;
  while ((count - 1) * interval + patch < extent) count++;
  return Array.from({ length: count }, (_, i) => i * interval - Math.max(i * interval + patch - extent, 0));
}

describe('gaussianImportance', () => {
  it('is the official map', lacking(fixtures.missing), () => {
    let maps = 0;
    for (const one of fixtures
      .casesOf<{ tile_size: number[] }>('compute_gaussian')
      .filter(({ name }) => !name.includes('128'))) {
      const map = gaussianImportance(one.attrs.tile_size);
      const tensors = fixtures.tensorsOf(one);
      const exact = numbersOf(tensors.get('gauss_fp64_scale10'));
      expect(map).toHaveLength(exact.length);
      expect(Math.max(...exact.map((value, i) => Math.abs(map[i]! / value - 1)))).toBeLessThan(1e-6);
      const { rtol, atol } = one.tolerance as { rtol: number; atol: number };
      for (const [name, maximum] of [
        ['gauss_fp16_scale10', 10],
        ['gauss_fp16_scale1', 1],
      ] as const) {
        const scaled = gaussianImportance(one.attrs.tile_size, { maximum });
        const excess = numbersOf(tensors.get(name)).map(
          (value, i) => Math.abs(scaled[i]! - value) - rtol * value - atol,
        );
        expect(Math.max(...excess), `${one.name} ${name}`).toBeLessThan(0);
      }
      maps++;
    }
    expect(maps).toBe(5);
  });

  it('is the official map of 128³, to the last half when rounded to halves', lacking(fixtures.missing), () => {
    type Summary = { n_min: number; min: number; sum: number };
    const [one] = fixtures.casesOf<Summary>('compute_gaussian').filter(({ name }) => name.includes('128'));
    const map = gaussianImportance([128, 128, 128]);
    const halves = map.map((value) => Math.max(floatFromHalf(halfFromFloat(value)), one!.attrs.min));
    expect(halves.reduce((count, value) => count + (value === one!.attrs.min ? 1 : 0), 0)).toBe(one!.attrs.n_min);
    expect(halves.reduce((sum, value) => sum + value, 0) / one!.attrs.sum).toBeCloseTo(1, 9);
    const tensors = fixtures.tensorsOf(one!);
    const at = (d: number, h: number, w: number): number => halves[(d * 128 + h) * 128 + w]!;
    expect(Array.from({ length: 128 }, (_, i) => at(i, i, i))).toEqual(numbersOf(tensors.get('diag')));
    expect(Array.from({ length: 27 }, (_, i) => at(Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3))).toEqual(
      numbersOf(tensors.get('corner')),
    );
  });

  it('raises zeros to the smallest value above zero', () => {
    // SciPy 1.x: gaussian_filter of an impulse with sigma = 0.05 · (12, 9), truncate 4.
    const map = gaussianImportance([12, 9], { sigmaScale: 0.05 });
    expect(Math.min(...map)).toBeCloseTo(1.9857505e-6, 12);
    expect(map.reduce((sum, value) => sum + value, 0)).toBeCloseTo(17.61671, 4);
    expect([...map.slice(54, 58)].map((value) => Number(value.toPrecision(6)))).toEqual([
      1.98575e-6, 1.98575e-6, 5.13655e-4, 0.84658,
    ]);
  });

  it('weighs alike where the blend asks for it', () => {
    expect(windowWeights('average', [2, 2])).toEqual(Float32Array.of(1, 1, 1, 1));
    expect(windowWeights('max', [3])).toEqual(Float32Array.of(1, 1, 1));
    expect(windowWeights('gaussian', [9, 7, 5])).toEqual(gaussianImportance([9, 7, 5]));
  });
});

describe('padding', () => {
  it('centres small images as the official code does', lacking(fixtures.missing), () => {
    type Row = { image: number[]; patch: number[]; padded: number[]; revert: [number, number][] };
    const { table } = fixtures.casesOf<{ table: Row[] }>('pad_nd_image')[0]!.attrs;
    for (const { image, patch, padded, revert } of table) {
      const padding = paddingToPatch(image, patch);
      expect(padding.shape).toEqual(padded);
      expect(padding.before.map((start, axis) => [start, start + image[axis]!])).toEqual(revert);
      expect(padding.after).toEqual(padded.map((extent, axis) => extent - revert[axis]![1]));
    }
  });

  it('adds a border all around, more where the patch asks for more', () => {
    expect(paddingToPatch([10, 10, 10], [8, 16, 17], [2, 2, 2])).toEqual({
      before: [2, 3, 3],
      after: [2, 3, 4],
      shape: [14, 16, 17],
    });
    expect(() => paddingToPatch([10, 10], [8])).toThrow(/2 axes, got 1 and 2/);
  });

  it('mirrors without repeating the edge, as NumPy reflects', () => {
    expect([...paddingSources(4, 3, 5, 'mirror')]).toEqual([3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]);
    expect([...paddingSources(3, 7, 8, 'mirror')]).toEqual([1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
    expect([...paddingSources(2, 3, 0, 'mirror')]).toEqual([1, 0, 1, 0, 1]);
    expect([...paddingSources(1, 2, 2, 'mirror')]).toEqual([0, 0, 0, 0, 0]);
  });

  it('marks voxels outside for the constant', () => {
    expect([...paddingSources(3, 1, 2, 'constant')]).toEqual([outside, 0, 1, 2, outside, outside]);
    expect(() => paddingSources(0, 1, 1, 'mirror')).toThrow(/at least one voxel/);
  });
});

describe('mirrorCombinations', () => {
  it('lists every set of axes once, small sets first', () => {
    expect(mirrorCombinations([0, 1, 2])).toEqual([[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]);
    expect(mirrorCombinations([1, 2])).toEqual([[], [1], [2], [1, 2]]);
    expect(mirrorCombinations([])).toEqual([[]]);
  });
});
