/** Defects of a previous stage: operators against a convolution with the ball, point by point; what each one may and may not change. */
import type { Triple } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { HostRandom } from '../random/host-random.ts';
import { TimeSlice } from '../sampling/time-slice.ts';
import { applyBallOperator, ballDiameter } from './ball-morphology.ts';
import {
  applyDefects,
  type Defect,
  drawDefects,
  nnunetDefects,
  previousChannels,
  withoutDefects,
} from './previous-stage.ts';

const slice = new TimeSlice();

function randomMask(shape: Triple, share: number, seed: number): Uint8Array {
  const random = new HostRandom(seed);
  return Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, () => (random.chance(share) ? 1 : 0));
}

/** `skimage.morphology.ball(radius)` put on every voxel, as a correlation padded with zeros: ⌊(n − 1) / 2⌋ voxels before. */
function correlated(mask: Uint8Array, [depth, height, width]: Triple, radius: number): Uint8Array {
  const points = Math.floor(2 * radius + 1);
  const at = (i: number): number => -radius + (2 * radius * i) / (points - 1);
  const before = Math.floor((points - 1) / 2);
  const ball: Triple[] = [];
  for (let z = 0; z < points; z++)
    for (let y = 0; y < points; y++)
      for (let x = 0; x < points; x++)
        if (at(z) ** 2 + at(y) ** 2 + at(x) ** 2 <= radius ** 2 * (1 + 1e-12))
          ball.push([z - before, y - before, x - before]);
  return mask.map((_, voxel) => {
    const [z, y, x] = [Math.floor(voxel / (height * width)), Math.floor(voxel / width) % height, voxel % width];
    const hit = ball.some(([dz, dy, dx]) => {
      const place = [z + dz, y + dy, x + dx] as const;
      const inside = place[0] >= 0 && place[0] < depth && place[1] >= 0 && place[1] < height;
      if (!inside || place[2] < 0 || place[2] >= width) return false;
      return mask[(place[0] * height + place[1]) * width + place[2]] === 1;
    });
    return hit ? 1 : 0;
  });
}

describe('applyBallOperator', () => {
  const shape: Triple = [9, 12, 10];
  it.each([1, 1.3, 1.8, 2.5, 3.7, 5.2, 7.99])('agrees with a convolution, radius %d', async (radius) => {
    const mask = randomMask(shape, radius < 2 ? 0.1 : 0.01, 3);
    const diameter = ballDiameter(radius);
    const not = (mask: Uint8Array): Uint8Array => mask.map((inside) => 1 - inside);
    const dilated = correlated(mask, shape, radius);
    expect(await applyBallOperator('dilate', mask, shape, diameter, slice)).toEqual(dilated);
    const closed = not(correlated(not(dilated), shape, radius));
    expect(await applyBallOperator('close', mask, shape, diameter, slice)).toEqual(closed);
    const eroded = not(correlated(mask, shape, radius));
    expect(await applyBallOperator('erode', not(mask), shape, diameter, slice)).toEqual(eroded);
    const opened = correlated(eroded, shape, radius);
    expect(await applyBallOperator('open', not(mask), shape, diameter, slice)).toEqual(opened);
  });

  it('stays in the plane of a flat volume, and leaves empty and full ones alone', async () => {
    const flat = new Uint8Array(25);
    flat[12] = 1;
    const grown = await applyBallOperator('dilate', flat, [1, 5, 5], 3, slice);
    expect([...grown].filter(Boolean)).toHaveLength(5);
    for (const value of [0, 1])
      for (const operator of ['dilate', 'erode', 'close', 'open'] as const) {
        const mask = new Uint8Array(60).fill(value);
        expect(await applyBallOperator(operator, mask, [3, 4, 5], 4, slice)).toEqual(mask);
      }
  });
});

describe('applyDefects', () => {
  const shape: Triple = [1, 1, 8];
  const masks = [Uint8Array.of(1, 1, 0, 0, 0, 1, 0, 0), Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0)];

  it('lets a label that grows displace the others', async () => {
    const grow: Defect = { channel: 0, operator: 'dilate', diameter: 3 };
    expect((await applyDefects(masks, shape, [grow], 0.15, slice)).map((mask) => [...mask])).toEqual([
      [1, 1, 1, 0, 1, 1, 1, 0],
      [0, 0, 0, 1, 0, 0, 0, 0],
    ]);
  });

  it('removes one component that is small enough, chosen by the draw', async () => {
    const remove = (pick: number, largest: number) =>
      applyDefects(masks, shape, [{ channel: 0, operator: 'remove', pick }], largest, slice);
    expect([...(await remove(0, 0.5))[0]!]).toEqual([0, 0, 0, 0, 0, 1, 0, 0]);
    expect([...(await remove(0.99, 0.5))[0]!]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    expect([...(await remove(0, 0.2))[0]!]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    expect([...(await remove(0, 0.1))[0]!]).toEqual([...masks[0]!]);
  });
});

describe('drawDefects', () => {
  it('draws as often as nnU-Net does, all labels in random order, balls of every size', () => {
    const settings = { labels: [1, 2, 3], ...nnunetDefects };
    const drawn = drawDefects(new HostRandom(1), 4000, settings);
    const operated = drawn.filter((defects) => defects.some(({ operator }) => operator !== 'remove'));
    const removed = drawn.filter((defects) => defects.some(({ operator }) => operator === 'remove'));
    expect(operated.length / drawn.length).toBeCloseTo(0.4, 1);
    expect(removed.length / drawn.length).toBeCloseTo(0.2, 1);
    const operators = drawn.flat().flatMap((defect) => (defect.operator === 'remove' ? [] : [defect]));
    expect(operators).toHaveLength(3 * operated.length);
    expect(new Set(operators.map(({ operator }) => operator)).size).toBe(4);
    expect(new Set(operators.map(({ diameter }) => diameter))).toEqual(
      new Set(Array.from({ length: 14 }, (_, i) => i + 3)),
    );
    expect(
      new Set(
        operated.map((defects) =>
          defects
            .slice(0, 3)
            .map(({ channel }) => channel)
            .join(''),
        ),
      ).size,
    ).toBe(6);
    expect(drawDefects(new HostRandom(1), 100, { labels: [1, 2], ...withoutDefects }).flat()).toEqual([]);
  });
});

it('gives a channel to each label, in the order of the settings', async () => {
  const settings = { labels: [2, 5], ...withoutDefects };
  const channels = await previousChannels([0, 5, 2, 2, -1, 5], [1, 1, 3], [[], []], settings, slice);
  expect([...channels]).toEqual([0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1]);
});
