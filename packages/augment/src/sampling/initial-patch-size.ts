/**
 * How much larger a patch is cut than the network needs it, so that rotated and shrunk patches are filled to their corners
 * (nnUNetTrainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size and compute_initial_patch_size.get_patch_size, v2.8.1).
 */
import type { Triple } from '@voxelgrad/tensor';

/** nnU-Net computes the initial size for this smallest scale, though it draws scales down to 0.7. */
export const smallestScaleForSize = 0.85;

/** More than this between the longest edge and the depth, and slices are rotated one by one. */
const anisotropyThreshold = 3;

const degrees = Math.PI / 180;

export interface PatchConfiguration {
  /** The patch to cut before the spatial transform. */
  readonly initialPatchSize: Triple;
  /** Largest angle of rotation in radians. */
  readonly rotation: number;
  /** Rotation and scaling leave the depth alone: 2-D patches, and patches much thinner than wide ("dummy 2-D"). */
  readonly inPlane: boolean;
  /** Axes (0 depth, 1 height, 2 width) that patches are mirrored along. */
  readonly mirrorAxes: readonly number[];
}

export interface PatchConfigurationSettings {
  /** Whether patches much thinner than wide are rotated slice by slice; true by default. */
  readonly dummy2d?: boolean;
  /** The smallest factor that patches are scaled by. */
  readonly smallestScale?: number;
}

/** What follows from the patch size. A 2-D patch has depth 1. */
export function configurePatch(
  patchSize: Triple,
  { dummy2d = true, smallestScale = smallestScaleForSize }: PatchConfigurationSettings = {},
): PatchConfiguration {
  const [depth, height, width] = patchSize;
  if (depth === 1) {
    const elongated = Math.max(height, width) / Math.min(height, width) > 1.5;
    const rotation = (elongated ? 15 : 180) * degrees;
    const [initialHeight, initialWidth] = initialSize2d(height, width, rotation, smallestScale);
    return { initialPatchSize: [1, initialHeight, initialWidth], rotation, inPlane: true, mirrorAxes: [1, 2] };
  }
  const inPlane = dummy2d && Math.max(depth, height, width) / depth > anisotropyThreshold;
  const rotation = (inPlane ? 180 : 30) * degrees;
  const initial = initialSize3d(patchSize, rotation, smallestScale);
  return {
    initialPatchSize: inPlane ? [depth, initial[1], initial[2]] : initial,
    rotation,
    inPlane,
    mirrorAxes: [0, 1, 2],
  };
}

/** The largest edges among the patch rotated by `rotation` (at most 90°) about each axis in turn, divided by the smallest scale. */
export function initialSize3d(
  [depth, height, width]: Triple,
  rotation: number,
  smallestScale = smallestScaleForSize,
): Triple {
  const [c, s] = cosineAndSine(rotation);
  const rotated: readonly Triple[] = [
    [depth, height, width],
    [depth, height * c + width * s, -height * s + width * c],
    [depth * c - width * s, height, depth * s + width * c],
    [depth * c + height * s, -depth * s + height * c, width],
  ];
  const largest = (axis: number): number =>
    Math.trunc(Math.max(...rotated.map((edges) => Math.abs(edges[axis]!))) / smallestScale);
  return [largest(0), largest(1), largest(2)];
}

/** The same for a patch in the plane. */
export function initialSize2d(
  height: number,
  width: number,
  rotation: number,
  smallestScale = smallestScaleForSize,
): readonly [number, number] {
  const [c, s] = cosineAndSine(rotation);
  return [
    Math.trunc(Math.max(height, Math.abs(height * c + width * s)) / smallestScale),
    Math.trunc(Math.max(width, Math.abs(-height * s + width * c)) / smallestScale),
  ];
}

function cosineAndSine(rotation: number): readonly [number, number] {
  const angle = Math.min(Math.PI / 2, rotation);
  return [Math.cos(angle), Math.sin(angle)];
}
