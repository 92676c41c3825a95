/**
 * A medical image in memory: voxels and where they are in the patient.
 *
 * Arrays are z, y, x (x fastest), as in nnU-Net and as the voxels lie in a NIfTI file; a further axis (channel, time) comes before them.
 * World geometry stays in NIfTI's terms (see affine.ts), so the two orders meet in one place only: `spacing` is [z, y, x],
 * `affine` takes (x, y, z).
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Affine, Vector3 } from './affine.ts';
import type { NiftiHeader } from './nifti/header.ts';

export type VoxelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

export type VoxelType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32' | 'float64';

/** What a prediction needs to be laid over its image: voxel size, position and, where it came from NIfTI, the header's own words. */
export interface Geometry {
  /** Voxel size [z, y, x] in mm, as the header states it. */
  readonly spacing: Vector3;
  /** Voxel (x, y, z) → RAS+ mm. */
  readonly affine: Affine;
  /** The NIfTI header as read; a writer copies pixdim, qform and sform from it, to the bit. */
  readonly header?: NiftiHeader;
}

export interface Image<Data extends VoxelArray = VoxelArray> extends Geometry {
  /** [z, y, x], or [channels, z, y, x], or more; at least three axes: a 2-D image is [1, y, x]. */
  readonly shape: readonly number[];
  readonly data: Data;
  /** Set where the file has two axes: its spacing along z, and the affine's, are then made up. */
  readonly flat?: true;
}

const constructors = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export function voxelType(data: VoxelArray): VoxelType {
  const found = (Object.keys(constructors) as VoxelType[]).find((type) => data instanceof constructors[type]);
  if (found === undefined)
    throw new VoxelgradError('dtype', { what: 'image', got: Object.prototype.toString.call(data) });
  return found;
}

/** Zeros; out of memory is told as such. `what` names the image. */
export function allocateVoxels(type: VoxelType, length: number, what: string): VoxelArray {
  try {
    return new constructors[type](length);
  } catch (cause) {
    const mebibytes = Math.ceil((length * constructors[type].BYTES_PER_ELEMENT) / 2 ** 20);
    throw new VoxelgradError('out-of-memory', { what, expected: `${mebibytes} MiB of memory for its voxels`, cause });
  }
}

/** Product of the axes. */
export function voxelCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** [z, y, x] of an image, without its channels. */
export function spatialShape(image: { readonly shape: readonly number[] }): readonly [number, number, number] {
  const [z, y, x] = image.shape.slice(-3);
  return [z!, y!, x!];
}

/** Product of the axes before [z, y, x]: 1 for a plain volume. */
export function channelCount(image: { readonly shape: readonly number[] }): number {
  return voxelCount(image.shape.slice(0, -3));
}

/** One volume [z, y, x] of an image with channels; a view on the same memory. */
export function selectChannel(image: Image, channel: number, what = 'image'): Image {
  const count = channelCount(image);
  if (!Number.isInteger(channel) || channel < 0 || channel >= count)
    throw new VoxelgradError('dataset', { what, expected: `channel 0 to ${count - 1}`, got: `channel ${channel}` });
  const shape = spatialShape(image);
  const size = voxelCount(shape);
  return { ...image, shape, data: image.data.subarray(channel * size, (channel + 1) * size) };
}

/** Voxels whose channels lie side by side ([…, channels]) as [channels, …]. `what` names the image where memory runs out. */
export function channelsFirst(data: VoxelArray, channels: number, what: string): VoxelArray {
  const voxels = data.length / channels;
  const planes = allocateVoxels(voxelType(data), data.length, what);
  for (let c = 0; c < channels; c++) for (let i = 0; i < voxels; i++) planes[c * voxels + i] = data[i * channels + c]!;
  return planes;
}

/** The inverse of `channelsFirst`. */
export function channelsLast(data: VoxelArray, channels: number, what: string): VoxelArray {
  const voxels = data.length / channels;
  const pixels = allocateVoxels(voxelType(data), data.length, what);
  for (let c = 0; c < channels; c++) for (let i = 0; i < voxels; i++) pixels[i * channels + c] = data[c * voxels + i]!;
  return pixels;
}

/** A volume with the same geometry: a prediction for an image. */
export function withData<Data extends VoxelArray>(
  geometry: Geometry,
  shape: readonly number[],
  data: Data,
  what = 'image',
): Image<Data> {
  if (shape.length < 3 || voxelCount(shape) !== data.length)
    throw new VoxelgradError('shape', {
      what,
      expected: `${data.length} voxels, 3 axes or more`,
      got: `[${shape.join(', ')}]`,
    });
  const { spacing, affine, header } = geometry;
  return header === undefined ? { shape, data, spacing, affine } : { shape, data, spacing, affine, header };
}
