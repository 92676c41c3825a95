/**
 * Connected components: with full connectivity (26 neighbours in 3-D, 8 in 2-D), as `skimage.measure.label` has by default, or across faces alone, as
 * `scipy.ndimage.label` has.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

export interface Components {
  /** 0 outside the mask, else the component's number from 1 on, in the order in which a scan meets them. */
  readonly labels: Int32Array;
  /** Voxels of each component; `sizes[0]` is the first. */
  readonly sizes: readonly number[];
}

export type Connectivity = 'full' | 'faces';

/** `mask`: anything but 0 is inside. `shape`: two or three extents. Throws 'shape' for others, or where they do not fit the mask. */
export function connectedComponents(
  mask: ArrayLike<number>,
  shape: readonly number[],
  connectivity: Connectivity = 'full',
): Components {
  const grid = threeExtents(shape);
  const voxels = grid[0] * grid[1] * grid[2];
  if (mask.length !== voxels)
    throw new VoxelgradError('shape', {
      what: `a mask of shape [${shape.join(', ')}]`,
      expected: `${voxels} values`,
      got: `${mask.length}`,
    });
  const labels = new Int32Array(voxels);
  const waiting = new Int32Array(voxels);
  const sizes: number[] = [];
  for (let seed = 0; seed < voxels; seed++)
    if (mask[seed] !== 0 && labels[seed] === 0)
      sizes.push(flood(seed, mask, grid, labels, waiting, sizes.length + 1, connectivity === 'full' ? 3 : 1));
  return { labels, sizes };
}

function threeExtents(shape: readonly number[]): readonly [number, number, number] {
  if (shape.length < 2 || shape.length > 3)
    throw new VoxelgradError('shape', { what: 'components', expected: '2 or 3 axes', got: `${shape.length}` });
  return shape.length === 2 ? [1, shape[0]!, shape[1]!] : [shape[0]!, shape[1]!, shape[2]!];
}

/**
 * Gives `label` to everything connected to `seed`; returns how many voxels that are. Each is put on the stack once, as it gets its label. Neighbours differ
 * along so many axes at most.
 */
function flood(
  seed: number,
  mask: ArrayLike<number>,
  [depth, height, width]: readonly [number, number, number],
  labels: Int32Array,
  waiting: Int32Array,
  label: number,
  axes: number,
): number {
  let top = 0;
  let size = 1;
  waiting[top++] = seed;
  labels[seed] = label;
  while (top > 0) {
    const voxel = waiting[--top]!;
    const x = voxel % width;
    const y = Math.floor(voxel / width) % height;
    const z = Math.floor(voxel / (width * height));
    for (let nz = Math.max(0, z - 1); nz <= Math.min(depth - 1, z + 1); nz++)
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          if (Math.abs(nz - z) + Math.abs(ny - y) + Math.abs(nx - x) > axes) continue;
          const neighbour = (nz * height + ny) * width + nx;
          if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
          labels[neighbour] = label;
          waiting[top++] = neighbour;
          size++;
        }
  }
  return size;
}
