/** From the bytes of a NIfTI file to numbers, with slope and intercept. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { VoxelArray } from '../image.ts';
import { convertVoxels, storedVoxels } from '../stored.ts';
import type { NiftiHeader } from './header.ts';

/**
 * Slope and intercept as nibabel applies them: none where the slope is 0 or not finite, or where they change nothing.
 * Throws 'format' for a good slope with a broken intercept.
 */
export function scaling(header: NiftiHeader, file: string): { slope: number; intercept: number } | undefined {
  const { slope, intercept } = header;
  if (slope === 0 || !Number.isFinite(slope)) return undefined;
  if (!Number.isFinite(intercept))
    throw new VoxelgradError('format', { what: file, expected: 'a finite scl_inter', got: `${intercept}` });
  return slope === 1 && intercept === 0 ? undefined : { slope, intercept };
}

/**
 * The voxels in `bytes`, which is used up (it may become the result's memory).
 * Unscaled voxels keep their type (64-bit integers become float64), scaled ones are float64; `as` asks for another type,
 * and values are then rounded once, to it.
 */
export function decodeVoxels(
  bytes: Uint8Array<ArrayBuffer>,
  header: NiftiHeader,
  file: string,
  as?: 'float32',
): VoxelArray {
  const stored = storedVoxels(bytes, header.type, header.littleEndian);
  // Colours are never scaled.
  const scale = header.samples === undefined ? scaling(header, file) : undefined;
  if (scale === undefined)
    return as === undefined || stored instanceof Float32Array ? stored : convertVoxels(stored, as, 1, 0, file);
  return convertVoxels(stored, as ?? 'float64', scale.slope, scale.intercept, file);
}
