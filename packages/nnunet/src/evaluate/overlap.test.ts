/** Counts, Dice and IoU against the official code, and by hand. */
import type { VoxelArray } from '@voxelgrad/io';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder } from './fixtures.testing.ts';
import { compareLabels } from './overlap.ts';
import { maskOf, parseRegionName, type Region, regionName } from './region.ts';
import { namedMetrics } from './summary.ts';

const fixtures = fixtureFolder('evaluation');

interface Attrs {
  readonly labels_or_regions: Region[];
  readonly ignore_label: number | null;
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
}

describe('compareLabels', () => {
  it('counts what the official code counts', lacking(fixtures.missing), () => {
    const cases = fixtures.casesOf<Attrs>('compute_metrics');
    expect(cases).toHaveLength(6);
    for (const one of cases) {
      const tensors = fixtures.tensorsOf(one);
      const [reference, prediction] = ['gt', 'pred'].map((name) => tensors.get(name)!.data as VoxelArray);
      const { labels_or_regions: regions, ignore_label: ignore, metrics } = one.attrs;
      const found = namedMetrics(regions, compareLabels(reference!, prediction!, regions, ignore ?? undefined));
      expect(Object.keys(found)).toEqual(Object.keys(metrics));
      for (const [region, expected] of Object.entries(metrics))
        for (const [metric, value] of Object.entries(expected))
          expect(found[region]![metric as 'Dice'], `${one.name} ${region} ${metric}`).toBe(value ?? Number.NaN);
    }
  });

  it('scores labels beyond a byte, and values that are no labels count as background', () => {
    const reference = Float32Array.of(70000, 70000, 1.5, -1, 0);
    const prediction = Int32Array.of(70000, 0, 70000, 0, 0);
    expect(compareLabels(reference, prediction, [70000])).toEqual([
      { Dice: 0.5, IoU: 1 / 3, TP: 1, FN: 1, FP: 1, TN: 2, n_pred: 2, n_ref: 2 },
    ]);
  });

  it('scores the background when asked to', () => {
    const [background] = compareLabels(Uint8Array.of(0, 0, 1), Uint8Array.of(0, 1, 1), [0]);
    expect(background).toMatchObject({ TP: 1, FN: 1, FP: 0, TN: 1 });
  });

  it('refuses volumes of different size', () => {
    expect(() => compareLabels(new Uint8Array(8), new Uint8Array(9), [1])).toThrow(/8 voxels.*got 9\nhelp: .*grid/);
  });
});

describe('regions', () => {
  it.each([
    [1, '1'],
    [0, '0'],
    [[1, 2, 3], '(1, 2, 3)'],
    [[3], '(3,)'],
  ] as const)('names %j as Python does', (region, name) => {
    expect(regionName(region)).toBe(name);
    expect(parseRegionName(name)).toEqual(region);
  });

  it.each(['', 'x', '1,2', '()', '(,)', '(1)', '-1', '(1 2)'])('refuses the name %j', (name) => {
    expect(() => parseRegionName(name)).toThrow(/label or region/);
  });

  it('masks a label or a region', () => {
    const labels = Uint8Array.of(0, 1, 2, 3);
    expect([...maskOf(labels, 2)]).toEqual([0, 0, 1, 0]);
    expect([...maskOf(labels, [1, 3])]).toEqual([0, 1, 0, 1]);
  });
});
