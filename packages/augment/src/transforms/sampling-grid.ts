/**
 * Where each voxel of a patch comes from under a rotation and scaling about the middle (batchgeneratorsv2 v0.3.5, SpatialTransform): voxel o of the
 * patch, counted from its middle, is at A·o from the middle of the image. Since a coordinate is a sum of three parts, one for each axis of the patch,
 * the host computes these parts in double precision and the device only adds them up.
 */
import { add, type Device, fromArray, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';

/** Three rows: the source coordinates (depth, height, width) of a unit step along each patch axis. */
export type Affine = readonly [Triple, Triple, Triple];

/** `Rz · Ry · Rx · S`: scaling, then rotation about the depth, height and width axes by `angles` in that order, in radians. */
export function affineMatrix(angles: Triple, scales: Triple): Affine {
  const [c0, c1, c2] = angles.map(Math.cos) as [number, number, number];
  const [s0, s1, s2] = angles.map(Math.sin) as [number, number, number];
  const [a, b, c] = scales;
  return [
    [c2 * c1 * a, (c2 * s1 * s0 - s2 * c0) * b, (c2 * s1 * c0 + s2 * s0) * c],
    [s2 * c1 * a, (s2 * s1 * s0 + c2 * c0) * b, (s2 * s1 * c0 - c2 * s0) * c],
    [-s1 * a, c1 * s0 * b, c1 * c0 * c],
  ];
}

/** `[n, d, h, w, 3]` f32: `A·o`, times `factors` and plus `offsets` on each source axis. */
export function coordinates(
  affines: readonly Affine[],
  patch: Triple,
  factors: Triple,
  offsets: Triple,
  device: Device,
): Tensor {
  return tidy(() => {
    const part = (axis: 0 | 1 | 2): Tensor => {
      const edge = patch[axis];
      const values = new Float32Array(affines.length * edge * 3);
      for (const [n, affine] of affines.entries())
        for (let i = 0; i < edge; i++)
          for (let row = 0; row < 3; row++)
            values[(n * edge + i) * 3 + row] =
              factors[row]! * affine[row]![axis]! * (i - (edge - 1) / 2) + (axis === 0 ? offsets[row]! : 0);
      const shape = [affines.length, 1, 1, 1, 3];
      shape[axis + 1] = edge;
      return fromArray(values, shape, { device });
    };
    return add(add(part(0), part(1)), part(2));
  });
}

/** The voxel coordinates to sample an image of `size` voxels at, `[n, d, h, w, 3]`. */
export const samplingGrid = (affines: readonly Affine[], patch: Triple, size: Triple, device: Device): Tensor =>
  coordinates(affines, patch, [1, 1, 1], [(size[0] - 1) / 2, (size[1] - 1) / 2, (size[2] - 1) / 2], device);

/** How far from the middle the patch's corners reach on each source axis, in voxels. */
export const reach = (affine: Affine, patch: Triple): Triple => {
  const along = (row: Triple): number =>
    row.reduce((sum, step, axis) => sum + Math.abs(step) * ((patch[axis]! - 1) / 2), 0);
  return [along(affine[0]), along(affine[1]), along(affine[2])];
};
