/** Components of masks where they are plain to see. */
import { describe, expect, it } from 'vitest';
import { connectedComponents } from './components.ts';

describe('connectedComponents', () => {
  it('joins voxels that meet at a corner, and does not wrap around', () => {
    const corner = new Uint8Array(27);
    corner[0] = corner[13] = corner[26] = 1;
    expect(connectedComponents(corner, [3, 3, 3]).sizes).toEqual([3]);
    // The last voxel of a row and the first of the next but one row are neighbours in memory only.
    const wrapped = Uint8Array.of(0, 0, 1, 0, 0, 0, 1, 0, 0);
    expect(connectedComponents(wrapped, [3, 3]).labels).toEqual(Int32Array.of(0, 0, 1, 0, 0, 0, 2, 0, 0));
    expect(connectedComponents(Uint8Array.of(0, 1, 1, 0), [2, 1, 2]).sizes).toEqual([2]);
    expect(connectedComponents(Uint8Array.of(0, 0, 1, 1, 0, 0), [2, 3]).sizes).toEqual([1, 1]);
  });

  it('joins across faces alone where asked to', () => {
    // A staircase: each step shares an edge with the next.
    const stairs = Uint8Array.of(1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1);
    expect(connectedComponents(stairs, [3, 4], 'faces').sizes).toEqual([4, 1]);
    expect(connectedComponents(stairs, [3, 4]).sizes).toEqual([5]);
    const corner = new Uint8Array(27);
    corner[0] = corner[9] = corner[13] = 1;
    expect(connectedComponents(corner, [3, 3, 3], 'faces').sizes).toEqual([2, 1]);
  });

  it('finds all of a solid block', () => {
    expect(connectedComponents(new Uint8Array(40 * 40 * 40).fill(1), [40, 40, 40]).sizes).toEqual([64000]);
  });

  it('refuses other ranks and sizes', () => {
    expect(() => connectedComponents(new Uint8Array(4), [4])).toThrow(/2 or 3 axes/);
    expect(() => connectedComponents(new Uint8Array(4), [2, 3])).toThrow(/6 values, got 4/);
  });
});
