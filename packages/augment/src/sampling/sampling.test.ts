import type { Triple } from '@voxelgrad/tensor';
import { roundHalfEven } from '@voxelgrad/tensor';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { HostRandom } from '../random/host-random.ts';
import { augmentationCase, missingFixtures } from '../testing/fixtures.ts';
import { collectClassLocations, keptLocations, voxelAt } from './class-locations.ts';
import { configurePatch, initialSize2d, initialSize3d } from './initial-patch-size.ts';
import { OrderedPatches, tileStarts } from './ordered-patches.ts';
import { centredStart, middleStart, patchBounds } from './patch-bounds.ts';
import { RandomPatches } from './patch-sampler.ts';
import { allocatePatches, readPatches } from './read-patches.ts';
import { TimeSlice } from './time-slice.ts';
import { ArrayCase, type TrainingCase } from './training-case.ts';

/** Every voxel's value tells where it is: 10000 z + 100 y + x, plus half for channel 1. */
function countingCase(shape: Triple, label: Int16Array, locations: readonly number[] = []): TrainingCase {
  const image = new Float32Array(shape[0] * shape[1] * shape[2] * 2);
  for (let i = 0; i < label.length; i++) {
    const [z, y, x] = voxelAt(i, shape);
    image[2 * i] = 10000 * z + 100 * y + x;
    image[2 * i + 1] = image[2 * i]! + 0.5;
  }
  const classLocations = locations.length === 0 ? [] : [{ labels: [1], voxels: Uint32Array.from(locations) }];
  return new ArrayCase({ name: 'counting', shape, channels: 2, image, label, classLocations });
}

describe('initial patch size', () => {
  it('agrees with the sizes quoted for cubic and flat patches', () => {
    expect(configurePatch([128, 128, 128]).initialPatchSize).toEqual([205, 205, 205]);
    expect(configurePatch([40, 56, 40]).initialPatchSize).toEqual([73, 80, 64]);
    expect(configurePatch([1, 512, 448])).toMatchObject({ initialPatchSize: [1, 602, 602], inPlane: true });
    expect(configurePatch([20, 256, 224])).toMatchObject({ initialPatchSize: [20, 301, 301], inPlane: true });
  });

  it('rotates flat patches about all axes where it is told to', () => {
    const { initialPatchSize, rotation, inPlane } = configurePatch([20, 256, 224], { dummy2d: false });
    expect([inPlane, rotation]).toEqual([false, Math.PI / 6]);
    expect(initialPatchSize).toEqual(initialSize3d([20, 256, 224], Math.PI / 6));
    expect(initialPatchSize[0]).toBeGreaterThan(20);
  });

  it('agrees with nnU-Net', lacking(missingFixtures), () => {
    const table = augmentationCase('initial_patch_size').attributes.table as {
      patch_size: number[];
      rot_deg: number;
      initial: number[];
    }[];
    expect(table.length).toBeGreaterThan(4);
    for (const { patch_size: patch, rot_deg: angle, initial } of table) {
      const rotation = (angle * Math.PI) / 180;
      const size =
        patch.length === 3
          ? initialSize3d(patch as unknown as Triple, rotation)
          : initialSize2d(patch[0]!, patch[1]!, rotation);
      expect(size).toEqual(initial);
    }
  });
});

describe('patch bounds', () => {
  it('lets a patch hang over by half of its excess, rounded as Python does', () => {
    expect(patchBounds([100, 50, 20], [73, 80, 65], [40, 56, 40])).toEqual({
      lowest: [-17, -15, -23],
      highest: [100 + 17 - 73, 50 + 15 - 80, 20 + 23 - 65],
    });
  });

  it('keeps a centred patch from starting too low, but not from ending too high', () => {
    const bounds = patchBounds([30, 30, 30], [8, 8, 8], [8, 8, 8]);
    expect(centredStart([1, 15, 29], [8, 8, 8], bounds)).toEqual([0, 11, 25]);
  });

  it('crops the middle by the difference of the halves', () => {
    expect(middleStart([10, 0, -3], [73, 80, 9], [40, 55, 9])).toEqual([26, 13, -3]);
  });
});

describe('class locations', () => {
  it('keeps all of up to 10,000 voxels, then 1 %', () => {
    expect([5, 10_000, 10_001, 1_000_000, 1_234_567].map(keptLocations)).toEqual([5, 10_000, 10_000, 10_000, 12_346]);
  });

  it('finds every voxel of small classes and a random share of large ones, without repetition', () => {
    const label = Int16Array.from({ length: 40_000 }, (_, i) => (i % 7 === 0 ? 2 : i % 2 === 0 ? 1 : -1));
    const [one, union] = collectClassLocations(label, [[2], [1, 2], [3]], new HostRandom(1));
    expect(one!.voxels).toEqual(Uint32Array.from({ length: 5715 }, (_, i) => 7 * i));
    expect(union!.voxels.length).toBe(10_000);
    expect(new Set(union!.voxels).size).toBe(10_000);
    for (const voxel of union!.voxels) expect(label[voxel]).toBeGreaterThan(0);
    const mean = union!.voxels.reduce((sum, voxel) => sum + voxel, 0) / 10_000;
    expect(Math.abs(mean - 20_000)).toBeLessThan(5 * (40_000 / Math.sqrt(12 * 10_000)));
  });
});

describe('RandomPatches', () => {
  const shape: Triple = [12, 20, 16];
  const label = new Int16Array(12 * 20 * 16);
  const place = 5 * 320 + 4 * 16 + 3;
  label[place] = 1;

  it('rounds halves to even when it fixes how many samples are foreground', () => {
    expect([0.5, 1.5, 2.5, 2.51, -0.5].map(roundHalfEven)).toEqual([0, 2, 2, 3, 0]);
    const forced = (batchSize: number, foreground: number): number => {
      const sampler = new RandomPatches({
        cases: [countingCase(shape, label, [place])],
        batchSize,
        patchSize: [4, 4, 4],
        foreground,
      });
      const expected = centredStart([5, 4, 3], [4, 4, 4], patchBounds(shape, [4, 4, 4], [4, 4, 4]));
      // The one foreground voxel fixes the start of a forced patch; random ones hit it once in thousands.
      const starts = sampler.draw(new HostRandom(3)).map(({ start }) => String(start));
      return starts.filter((start) => start === String(expected)).length;
    };
    expect(forced(2, 0.33)).toBe(1);
    expect(forced(9, 0.33)).toBe(3);
    expect(forced(5, 0.5)).toBe(3);
    expect(forced(3, 0.5)).toBe(1);
    expect(forced(4, 0)).toBe(0);
  });

  it('draws starts uniformly over the whole allowed range', () => {
    const sampler = new RandomPatches({
      cases: [countingCase(shape, label)],
      batchSize: 2000,
      patchSize: [4, 8, 20],
      initialPatchSize: [7, 8, 20],
    });
    const { lowest, highest } = patchBounds(shape, [7, 8, 20], [4, 8, 20]);
    const starts = sampler.draw(new HostRandom(8)).map(({ start }) => start);
    for (const axis of [0, 1, 2]) {
      const values = starts.map((start) => start[axis]!);
      const count = highest[axis]! - lowest[axis]! + 1;
      const expected = Array.from({ length: count }, (_, i) => lowest[axis]! + i);
      expect([...new Set(values)].sort((a, b) => a - b)).toEqual(expected);
      for (const start of expected) {
        const hits = values.filter((value) => value === start).length;
        expect(Math.abs(hits - 2000 / count)).toBeLessThan(5 * Math.sqrt(2000 / count) + 1);
      }
    }
  });

  it('chooses among present classes, then voxels, evenly, and falls back to annotated voxels', () => {
    const labels = new Int16Array(1000);
    const many = Uint32Array.from({ length: 90 }, (_, i) => i);
    const source = new ArrayCase({
      name: 'two classes',
      shape: [10, 10, 10],
      channels: 1,
      image: new Float32Array(1000),
      label: labels,
      classLocations: [
        { labels: [1], voxels: many },
        { labels: [2], voxels: Uint32Array.of(999) },
        { labels: [3], voxels: new Uint32Array(0) },
      ],
      annotatedLocations: Uint32Array.of(555),
    });
    const starts = (foreground: number): string[] =>
      new RandomPatches({ cases: [source], batchSize: 1000, patchSize: [1, 1, 1], foreground })
        .draw(new HostRandom(4))
        .map(({ start }) => String(start));
    const rare = starts(1).filter((start) => start === '9,9,9').length;
    expect(Math.abs(rare - 500)).toBeLessThan(5 * Math.sqrt(250));
    expect(new Set(starts(1)).size).toBe(91);
    expect(new Set(starts(0))).toEqual(new Set(['5,5,5']));
  });

  it('takes each sample by chance when oversampling is probabilistic', () => {
    const sampler = new RandomPatches({
      cases: [countingCase(shape, label, [place])],
      batchSize: 1000,
      patchSize: [4, 4, 4],
      foreground: 0.4,
      oversampling: 'probabilistic',
    });
    const starts = sampler.draw(new HostRandom(5)).map(({ start }) => String(start));
    expect(Math.abs(starts.filter((start) => start === '3,2,1').length - 400)).toBeLessThan(5 * Math.sqrt(240));
  });

  it('explains impossible settings', () => {
    const cases = [countingCase(shape, label)];
    expect(() => new RandomPatches({ cases: [], batchSize: 2, patchSize: [4, 4, 4] })).toThrow(/at least one/);
    expect(() => new RandomPatches({ cases, batchSize: 0, patchSize: [4, 4, 4] })).toThrow(/batch size/);
    expect(() => new RandomPatches({ cases, batchSize: 1, patchSize: [4, 4, 4], initialPatchSize: [3, 4, 4] })).toThrow(
      /patch size/,
    );
    expect(() => new RandomPatches({ cases, batchSize: 1, patchSize: [4, 4, 4], foreground: 2 })).toThrow(/foreground/);
    expect(
      () =>
        new ArrayCase({
          name: 'short',
          shape: [2, 2, 2],
          channels: 1,
          image: new Float32Array(7),
          label: new Int16Array(8),
        }),
    ).toThrow(/case short: expected 8 image values/);
  });
});

describe('readPatches', () => {
  const shape: Triple = [5, 6, 7];
  const source = countingCase(
    shape,
    Int16Array.from({ length: 210 }, (_, i) => i % 3),
  );

  it.each([
    ['inside', [1, 2, 3]],
    ['over the low corner', [-2, -3, -1]],
    ['over the high corner', [3, 4, 5]],
    ['far outside', [9, 0, 0]],
  ] as const)('copies a patch that lies %s', async (_, start) => {
    const size: Triple = [3, 4, 4];
    const target = allocatePatches(2, size, 2);
    target.image.fill(7);
    target.label.fill(7);
    const places = [
      { case: source, start: [0, 0, 0] as const, size },
      { case: source, start, size },
    ];
    await readPatches(places, target, new TimeSlice());
    for (const [n, { start }] of places.entries())
      for (let i = 0; i < 48; i++) {
        const offset = voxelAt(i, size);
        const voxel = start.map((first, axis) => first + offset[axis]!);
        const inside = voxel.every((index, axis) => index >= 0 && index < shape[axis]!);
        const [z, y, x] = voxel as [number, number, number];
        const value = 10000 * z + 100 * y + x;
        expect(target.image[(n * 48 + i) * 2]).toBe(inside ? value : 0);
        expect(target.image[(n * 48 + i) * 2 + 1]).toBe(inside ? value + 0.5 : 0);
        expect(target.label[n * 48 + i]).toBe(inside ? (z * 42 + y * 7 + x) % 3 : -1);
      }
  });

  it('lets other tasks run while it copies', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    const size: Triple = [5, 6, 7];
    const places = Array.from({ length: 40 }, () => ({ case: source, start: [0, 0, 0] as const, size }));
    await readPatches(places, allocatePatches(40, size, 2), new TimeSlice(0));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });
});

describe('OrderedPatches', () => {
  it('tiles a case with as few patches as cover it', () => {
    expect(tileStarts([10, 4, 5], [4, 4, 8])).toEqual([
      [0, 0, -1],
      [3, 0, -1],
      [6, 0, -1],
    ]);
  });

  it('goes through all cases in turn and starts over', () => {
    const cases = [countingCase([4, 4, 4], new Int16Array(64)), countingCase([4, 6, 4], new Int16Array(96))];
    const sampler = new OrderedPatches({ cases, batchSize: 2, patchSize: [4, 4, 4], initialPatchSize: [6, 4, 4] });
    const random = new HostRandom(0);
    const order = [0, 1].flatMap((batch) =>
      sampler.draw(random, batch).map(({ case: c, start }) => [cases.indexOf(c), ...start]),
    );
    expect(sampler.count).toBe(3);
    expect(order).toEqual([
      [0, -1, 0, 0],
      [1, -1, 0, 0],
      [1, -1, 2, 0],
      [0, -1, 0, 0],
    ]);
    expect(random.state.drawn).toBe(0);
  });
});
