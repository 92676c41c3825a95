/**
 * Cropping to what is not zero, and laying a result back over the whole image.
 * As nnU-Net 2.8 (preprocessing/cropping/cropping.py): a voxel counts if any channel is not 0 there, holes are filled, and the
 * bounding box of that is kept. Shapes are [z, y, x].
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { VoxelArray } from '../image.ts';
import { fillHoles } from './fill-holes.ts';

type Shape3 = readonly [number, number, number];

/** From `lower`, inclusive, to `upper`, exclusive, in voxels [z, y, x]. */
export interface Box {
  readonly lower: Shape3;
  readonly upper: Shape3;
}

/** 1 where any channel is not 0, holes filled. Throws 'shape' where a channel has another size. */
export function nonzeroMask(channels: readonly ArrayLike<number>[], shape: Shape3): Uint8Array {
  const mask = new Uint8Array(size(shape));
  for (const channel of channels) {
    checkLength(channel.length, shape, 'channel');
    for (let i = 0; i < mask.length; i++) if (channel[i] !== 0) mask[i] = 1;
  }
  return fillHoles(mask, shape);
}

/** Smallest box around all voxels that are not 0; the whole volume where there are none, as in nnU-Net. */
export function boundingBox(mask: ArrayLike<number>, shape: Shape3): Box {
  checkLength(mask.length, shape, 'mask');
  const [depth, height, width] = shape;
  const lower: [number, number, number] = [depth, height, width];
  const upper: [number, number, number] = [0, 0, 0];
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      // From both ends: what lies between does not matter.
      const row = (z * height + y) * width;
      let first = 0;
      while (first < width && mask[row + first] === 0) first++;
      if (first === width) continue;
      let end = width;
      while (mask[row + end - 1] === 0) end--;
      lower[0] = Math.min(lower[0], z);
      lower[1] = Math.min(lower[1], y);
      lower[2] = Math.min(lower[2], first);
      upper[0] = z + 1;
      upper[1] = Math.max(upper[1], y + 1);
      upper[2] = Math.max(upper[2], end);
    }
  return upper[0] === 0 ? { lower: [0, 0, 0], upper: shape } : { lower, upper };
}

export function boxShape({ lower, upper }: Box): Shape3 {
  return [upper[0] - lower[0], upper[1] - lower[1], upper[2] - lower[2]];
}

/** The voxels in `box`, in a new array of the same type. `channels` values a voxel, channels last. */
export function cropToBox<Data extends VoxelArray>(data: Data, shape: Shape3, box: Box, channels = 1): Data {
  checkLength(data.length, shape, 'volume', channels);
  const TypedArray = data.constructor as new (length: number) => Data;
  const cropped = new TypedArray(size(boxShape(box)) * channels);
  forEachRow(shape, box, channels, (whole, part, length) => {
    cropped.set(data.subarray(whole, whole + length), part);
  });
  return cropped;
}

/**
 * The inverse of `cropToBox`: a volume of `shape` with `data` in `box` and `fill` around it, so that a prediction for the cropped image
 * lies over the whole one.
 */
export function insertIntoBox<Data extends VoxelArray>(
  data: Data,
  shape: Shape3,
  box: Box,
  channels = 1,
  fill = 0,
): Data {
  checkLength(data.length, boxShape(box), 'cropped volume', channels);
  const TypedArray = data.constructor as new (length: number) => Data;
  const whole = new TypedArray(size(shape) * channels);
  if (fill !== 0) whole.fill(fill);
  forEachRow(shape, box, channels, (at, part, length) => {
    whole.set(data.subarray(part, part + length), at);
  });
  return whole;
}

/** Channels [z, y, x] each → [z, y, x, channels], the layout of tensors. */
export function interleaveChannels(channels: readonly ArrayLike<number>[]): Float32Array {
  const count = channels.length;
  const voxels = channels[0]?.length ?? 0;
  const interleaved = new Float32Array(voxels * count);
  channels.forEach((channel, c) => {
    if (channel.length !== voxels)
      throw new VoxelgradError('shape', {
        what: `channel ${c}`,
        expected: `${voxels} voxels`,
        got: `${channel.length}`,
      });
    for (let i = 0; i < voxels; i++) interleaved[i * count + c] = channel[i]!;
  });
  return interleaved;
}

/** Visits the box in pieces that lie together in the whole volume. */
function forEachRow(
  shape: Shape3,
  box: Box,
  channels: number,
  visit: (whole: number, part: number, length: number) => void,
): void {
  const { lower, upper } = box;
  if (lower.some((low, axis) => low < 0 || low > upper[axis]!) || upper.some((high, axis) => high > shape[axis]!))
    throw new VoxelgradError('shape', {
      what: 'box',
      expected: `inside [${shape.join(', ')}]`,
      got: `[${lower.join(', ')}] to [${upper.join(', ')}]`,
    });
  // Whole rows follow each other in memory, and so are one.
  const wholeRows = lower[2] === 0 && upper[2] === shape[2];
  const rows = wholeRows ? upper[1] - lower[1] : 1;
  const length = rows * (upper[2] - lower[2]) * channels;
  let part = 0;
  for (let z = lower[0]; z < upper[0]; z++)
    for (let y = lower[1]; y < upper[1]; y += rows) {
      visit(((z * shape[1] + y) * shape[2] + lower[2]) * channels, part, length);
      part += length;
    }
}

const size = (shape: Shape3): number => shape[0] * shape[1] * shape[2];

function checkLength(length: number, shape: Shape3, what: string, channels = 1): void {
  if (length !== size(shape) * channels)
    throw new VoxelgradError('shape', {
      what,
      expected: `${size(shape) * channels} values for [${shape.join(', ')}]`,
      got: `${length}`,
    });
}
