import { describe, expect, it } from 'vitest';
import { makePhantomCase } from './phantom.ts';

describe('a phantom case', () => {
  it('follows from its seed and index alone', () => {
    const [first, again, other] = [
      makePhantomCase(3, { seed: 1 }),
      makePhantomCase(3, { seed: 1 }),
      makePhantomCase(4, { seed: 1 }),
    ];
    expect(again).toEqual(first);
    expect(other.images.t2f.data).not.toEqual(first.images.t2f.data);
    expect(makePhantomCase(3, { seed: 2 }).label.data).not.toEqual(first.label.data);
  });

  it('has a brain in air, and a tumour whose parts lie inside one another', () => {
    for (let index = 0; index < 6; index++) {
      const { images, label } = makePhantomCase(index, { seed: 5, shape: [32, 48, 40] });
      expect(label.shape).toEqual([32, 48, 40]);
      const counts = new Float64Array(4);
      let inAir = 0;
      label.data.forEach((value, voxel) => {
        counts[value]!++;
        if (value !== 0 && images.t1n.data[voxel] === 0 && images.t2f.data[voxel] === 0) inAir++;
      });
      const whole = counts[1]! + counts[2]! + counts[3]!;
      expect(counts.every((count) => count > 0)).toBe(true);
      expect(whole / label.data.length).toBeGreaterThan(0.005);
      expect(whole / label.data.length).toBeLessThan(0.3);
      // Noise makes a voxel of tissue zero only by rare chance.
      expect(inAir / whole).toBeLessThan(0.01);
      for (const image of Object.values(images)) {
        const air = image.data.filter((value) => value === 0).length / image.data.length;
        expect(air).toBeGreaterThan(0.2);
        expect(air).toBeLessThan(0.8);
      }
    }
  });

  it('comes in any size, and refuses impossible ones', () => {
    expect(makePhantomCase(0, { seed: 1, shape: [16, 16, 16] }).label.data).toHaveLength(4096);
    expect(() => makePhantomCase(0, { seed: 1, shape: [8, 64, 64] })).toThrowError(/extents of 16 or more/);
    expect(() => makePhantomCase(0, { seed: 0.5 })).toThrowError(/whole numbers/);
  });
});
