/** Surface distances against SciPy (in the fixtures), against all pairs of voxels, and on shapes with known answers. */
import type { VoxelArray } from '@voxelgrad/io';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { squaredDistances } from './distance-transform.ts';
import { fixtureFolder } from './fixtures.testing.ts';
import { maskOf, type Region, regionName } from './region.ts';
import { compareSurfaces } from './surface.ts';

const fixtures = fixtureFolder('evaluation');

interface Attrs {
  readonly labels_or_regions: Region[];
  readonly spacing_zyx: number[];
  readonly surface: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

describe('compareSurfaces', () => {
  it('measures what SciPy measures', lacking(fixtures.missing), () => {
    let compared = 0;
    for (const one of fixtures.casesOf<Attrs>('compute_metrics')) {
      const tensors = fixtures.tensorsOf(one);
      const { shape } = tensors.get('gt')!;
      for (const region of one.attrs.labels_or_regions) {
        const expected = one.attrs.surface[regionName(region)];
        if (expected === undefined) continue;
        const [reference, prediction] = ['gt', 'pred'].map((name) =>
          maskOf(tensors.get(name)!.data as VoxelArray, region),
        );
        const found = compareSurfaces(reference!, prediction!, shape, one.attrs.spacing_zyx);
        const named = {
          hd: found.hausdorff,
          hd95_pooled: found.hausdorff95,
          hd95_max_of_directed: found.hausdorff95Directed,
          assd: found.averageSurfaceDistance,
          nsd_1mm: found.surfaceDice,
        };
        for (const [name, value] of Object.entries(expected))
          expect(named[name as keyof typeof named] / value, `${one.name} ${regionName(region)} ${name}`).toBeCloseTo(
            1,
            12,
          );
        compared++;
      }
    }
    expect(compared).toBeGreaterThanOrEqual(11);
  });

  it('measures the gap between two planes', () => {
    const shape = [8, 5, 5];
    const plane = (depth: number): Uint8Array =>
      Uint8Array.from({ length: 200 }, (_, i) => (Math.floor(i / 25) === depth ? 1 : 0));
    const apart = compareSurfaces(plane(1), plane(4), shape, [2.5, 1, 1], 7.4);
    expect(apart).toEqual({
      hausdorff: 7.5,
      hausdorff95: 7.5,
      hausdorff95Directed: 7.5,
      averageSurfaceDistance: 7.5,
      surfaceDice: 0,
    });
    expect(compareSurfaces(plane(1), plane(4), shape, [2.5, 1, 1], 7.5).surfaceDice).toBe(1);
    expect(compareSurfaces(plane(3), plane(3), shape, [2.5, 1, 1])).toMatchObject({ hausdorff: 0, surfaceDice: 1 });
  });

  it('works in two dimensions', () => {
    const ring = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0);
    const centre = ring.map((_, i) => (i === 12 ? 1 : 0));
    const { hausdorff, averageSurfaceDistance } = compareSurfaces(ring, centre, [5, 5], [1, 1]);
    expect(hausdorff).toBeCloseTo(Math.SQRT2, 12);
    // Eight border voxels (4 at 1, 4 at √2), and the centre, which is 1 from them.
    expect(averageSurfaceDistance).toBeCloseTo((4 + 4 * Math.SQRT2 + 1) / 9, 12);
  });

  it('has no numbers for two empty masks, and infinite ones for a missed structure', () => {
    const [empty, full] = [new Uint8Array(27), new Uint8Array(27).fill(1)];
    for (const value of Object.values(compareSurfaces(empty, empty, [3, 3, 3], [1, 1, 1]))) expect(value).toBeNaN();
    for (const found of [
      compareSurfaces(full, empty, [3, 3, 3], [1, 1, 1]),
      compareSurfaces(empty, full, [3, 3, 3], [1, 1, 1]),
    ])
      expect(found).toEqual({
        hausdorff: Number.POSITIVE_INFINITY,
        hausdorff95: Number.POSITIVE_INFINITY,
        hausdorff95Directed: Number.POSITIVE_INFINITY,
        averageSurfaceDistance: Number.POSITIVE_INFINITY,
        surfaceDice: 0,
      });
  });

  it('refuses a spacing that is none', () => {
    const mask = new Uint8Array(8);
    expect(() => compareSurfaces(mask, mask, [2, 2, 2], [1, 1])).toThrow(/3 numbers above 0/);
    expect(() => compareSurfaces(mask, mask, [2, 2, 2], [1, 0, 1])).toThrow(/above 0/);
    expect(() => compareSurfaces(mask, mask, [2, 2], [1, 1])).toThrow(/4 values, got 8/);
  });
});

describe('squaredDistances', () => {
  it('is the smallest of all distances, for any spacing', () => {
    const [shape, spacing] = [
      [6, 7, 5],
      [3, 0.7, 1.1],
    ];
    // A fixed scatter of sites: multiples of 37 modulo 211.
    const sites = new Uint8Array(210);
    for (let i = 1; i < 9; i++) sites[(i * 37) % 210] = 1;
    const place = (voxel: number): number[] => [
      Math.floor(voxel / 35) * 3,
      (Math.floor(voxel / 5) % 7) * 0.7,
      (voxel % 5) * 1.1,
    ];
    const nearest = (voxel: number): number =>
      Math.min(
        ...[...sites.keys()]
          .filter((site) => sites[site] === 1)
          .map((site) => place(site).reduce((sum, at, axis) => sum + (at - place(voxel)[axis]!) ** 2, 0)),
      );
    const found = squaredDistances(sites, shape!, spacing!);
    found.forEach((distance, voxel) => {
      expect(distance).toBeCloseTo(nearest(voxel), 10);
    });
  });

  it('is infinite without sites', () => {
    expect([...squaredDistances(new Uint8Array(4), [2, 2], [1, 1])]).toEqual(
      new Array(4).fill(Number.POSITIVE_INFINITY),
    );
  });
});
