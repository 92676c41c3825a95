/**
 * A patch on its way to the page: a JSON header, one channel in 256 greys, and for each voxel what is true and what was predicted. Both sides of the
 * connection use this file.
 */
import type { OutlinedClass } from './messages.ts';

export interface PatchHeader {
  readonly id: number;
  readonly iteration: number;
  readonly channel: number;
  /** [d, h, w]. */
  readonly shape: readonly [number, number, number];
  /** Of a voxel, [z, y, x] in mm. */
  readonly spacing: readonly [number, number, number];
  readonly classes: readonly OutlinedClass[];
  /** Whether truth and prediction are bits of regions, not labels. */
  readonly regions: boolean;
}

export interface Patch extends PatchHeader {
  readonly grey: Uint8Array;
  readonly truth: Uint32Array;
  readonly prediction: Uint32Array;
}

/** The length of the header, then the header filled up to a multiple of four with blanks, then the three volumes. */
export function encodePatch({ grey, truth, prediction, ...header }: Patch): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = roundUp(text.length);
  const voxels = grey.length;
  const bytes = new Uint8Array(4 + headerBytes + 8 * voxels + voxels).fill(32, 4, 4 + headerBytes);
  new DataView(bytes.buffer).setUint32(0, headerBytes, true);
  bytes.set(text, 4);
  new Uint32Array(bytes.buffer, 4 + headerBytes, voxels).set(truth);
  new Uint32Array(bytes.buffer, 4 + headerBytes + 4 * voxels, voxels).set(prediction);
  bytes.set(grey, 4 + headerBytes + 8 * voxels);
  return bytes;
}

export function decodePatch(buffer: ArrayBuffer): Patch {
  const headerBytes = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerBytes))) as PatchHeader;
  const voxels = header.shape[0] * header.shape[1] * header.shape[2];
  const start = 4 + headerBytes;
  return {
    ...header,
    truth: new Uint32Array(buffer, start, voxels),
    prediction: new Uint32Array(buffer, start + 4 * voxels, voxels),
    grey: new Uint8Array(buffer, start + 8 * voxels, voxels),
  };
}

/** Whether a voxel belongs to a class. */
export const belongsTo = (value: number, { value: wanted }: OutlinedClass, regions: boolean): boolean =>
  regions ? (value & wanted) !== 0 : value === wanted;

const roundUp = (length: number): number => Math.ceil(length / 4) * 4;
