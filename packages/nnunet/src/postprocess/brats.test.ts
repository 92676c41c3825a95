/** NVIDIA's rules for BraTS on pieces whose fate is clear: by size, by probability, by how they touch. */
import { parseLabels } from '@voxelgrad/io';
import { describe, expect, it } from 'vitest';
import { type BratsRules, bratsRules, bratsSegmentation } from './brats.ts';

const entries = { background: 0, 'whole tumor': [1, 2, 3], 'tumor core': [2, 3], 'enhancing tumor': [3] };
const labels = parseLabels(entries, [1, 2, 3], 'test');
const shape = [12, 12, 12];
const voxels = 12 ** 3;

type Piece = readonly [box: readonly number[], probability: number];

/** A tumour core everywhere, with enhancing tumour in the given boxes `[z, y, x, extents…]` at a probability. */
function probabilitiesOf(...pieces: readonly Piece[]) {
  const data = new Float32Array(3 * voxels).fill(0.99, 0, 2 * voxels);
  for (const [[z, y, x, d, h, w], probability] of pieces)
    for (let i = 0; i < d!; i++)
      for (let j = 0; j < h!; j++)
        data.fill(
          probability,
          2 * voxels + ((z! + i) * 12 + y! + j) * 12 + x!,
          2 * voxels + ((z! + i) * 12 + y! + j) * 12 + x! + w!,
        );
  return { shape: [3, ...shape], data };
}

const enhancingVoxels = (rules: BratsRules, ...pieces: readonly Piece[]): number =>
  bratsSegmentation(probabilitiesOf(...pieces), labels, rules).filter((value) => value === 3).length;

/** 75 voxels: enough not to be doubted as a whole. */
const large = [[0, 0, 0, 3, 5, 5], 0.6] as const;
/** The same for 2022. */
const enough = [[0, 0, 0, 1, 1, 5], 0.6] as const;

describe('rules of BraTS 2021', () => {
  const rules = bratsRules['2021'];

  it.each([
    ['7 voxels, unsure', [[9, 9, 5, 1, 1, 7], 0.89], 75],
    ['7 voxels, sure', [[9, 9, 5, 1, 1, 7], 0.91], 82],
    ['8 voxels', [[9, 9, 4, 1, 1, 8], 0.6], 83],
    ['a single voxel', [[9, 9, 9, 1, 1, 1], 0.6], 76],
  ] as const)('a component of %s', (_, piece, left) => {
    expect(enhancingVoxels(rules, large, piece)).toBe(left);
  });

  it('components that only touch at an edge are two', () => {
    const [one, other] = [
      [[9, 9, 4, 1, 1, 5], 0.6],
      [[10, 10, 4, 1, 1, 5], 0.6],
    ] as const;
    expect(enhancingVoxels(rules, large, one, other)).toBe(75);
    // Face to face they are one of ten voxels.
    expect(enhancingVoxels(rules, large, one, [[9, 10, 4, 1, 1, 5], 0.6])).toBe(85);
  });

  it('all of it goes where it is small and unsure, after its components', () => {
    const [box, bigger] = [
      [0, 0, 0, 2, 6, 6],
      [0, 0, 0, 1, 1, 1],
    ];
    expect(enhancingVoxels(rules, [box, 0.8])).toBe(0);
    expect(enhancingVoxels(rules, [box, 0.95])).toBe(72);
    // One voxel more, and it is believed.
    expect(enhancingVoxels(rules, [box, 0.8], [[11, 11, 11, ...bigger.slice(3)], 0.8])).toBe(73);
    // Without the unsure component of three the rest is sure.
    expect(enhancingVoxels(rules, [[0, 0, 0, 1, 2, 5], 0.91], [[9, 9, 9, 1, 1, 3], 0.51])).toBe(10);
  });

  it('what is taken from it is necrosis; regions count within the whole tumour only', () => {
    const { data } = probabilitiesOf([[0, 0, 0, 1, 1, 3], 0.6]);
    // The core ends behind column 5, the whole tumour behind column 9.
    for (let voxel = 0; voxel < voxels; voxel++) {
      if (voxel % 12 > 5) data[voxels + voxel] = 0.5;
      if (voxel % 12 > 9) data[voxel] = 0.5;
    }
    data[2 * voxels + 11] = 1;
    const segmentation = bratsSegmentation({ shape: [3, ...shape], data }, labels, rules);
    expect([...segmentation.subarray(0, 12)]).toEqual([2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0]);
  });
});

it('those of 2022 doubt less, at lower thresholds', () => {
  const rules = bratsRules['2022'];
  expect(enhancingVoxels(rules, enough, [[9, 9, 9, 1, 1, 3], 0.6])).toBe(5);
  expect(enhancingVoxels(rules, enough, [[9, 9, 8, 1, 1, 4], 0.38])).toBe(9);
  expect(enhancingVoxels(rules, enough, [[9, 9, 8, 1, 1, 4], 0.37])).toBe(5);
  expect(enhancingVoxels(rules, [[0, 0, 0, 1, 1, 4], 0.6])).toBe(0);
});

it('takes regions in any order, and refuses others', () => {
  const turned = parseLabels({ background: 0, et: 4, wt: [1, 2, 4], tc: [1, 4] }, [4, 2, 1], 'test');
  const { data } = probabilitiesOf(large);
  const moved = new Float32Array(3 * voxels);
  moved.set(data.subarray(2 * voxels), 0);
  moved.set(data.subarray(0, 2 * voxels), voxels);
  const segmentation = bratsSegmentation({ shape: [3, ...shape], data: moved }, turned, bratsRules['2021']);
  expect([segmentation[0], segmentation[11]]).toEqual([4, 1]);
  const plain = parseLabels({ background: 0, a: 1, b: 2, c: 3 }, undefined, 'test');
  expect(() => bratsSegmentation(probabilitiesOf(), plain, bratsRules['2021'])).toThrow(/three regions, each within/);
});
