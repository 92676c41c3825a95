/**
 * DICOM's run lengths (PS3.5, annex G): a header of 16 numbers says where the segments begin, one segment a byte plane, the most significant byte of
 * a sample first; each is packed as PackBits.
 */

/** Bytes of one frame, samples little-endian. Undefined where the segments do not fill the frame. */
export function decodeRle(
  bytes: Uint8Array,
  voxels: number,
  bytesPerSample: number,
): Uint8Array<ArrayBuffer> | undefined {
  if (bytes.length < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== bytesPerSample) return undefined;
  const offsets = Array.from({ length: segments }, (_, i) => view.getUint32(4 + 4 * i, true));
  // A byte of packed data gives 64 bytes at most.
  if (voxels > bytes.length * 64) return undefined;
  const samples = new Uint8Array(voxels * bytesPerSample);
  for (let segment = 0; segment < segments; segment++) {
    const packed = bytes.subarray(offsets[segment], offsets[segment + 1] ?? bytes.length);
    if (!unpack(packed, samples, bytesPerSample - 1 - segment, bytesPerSample, voxels)) return undefined;
  }
  return samples;
}

/** Fills every `step`-th byte of `target` from `start` on; false where the packed bytes end early. */
function unpack(packed: Uint8Array, target: Uint8Array, start: number, step: number, count: number): boolean {
  let written = 0;
  for (let at = 0; at < packed.length && written < count; ) {
    const control = packed[at++]!;
    if (control === 128) continue;
    const literal = control < 128;
    const length = Math.min(literal ? control + 1 : 257 - control, count - written);
    if (at + (literal ? length : 1) > packed.length) return false;
    for (let i = 0; i < length; i++) target[start + step * (written + i)] = packed[literal ? at + i : at]!;
    written += length;
    at += literal ? control + 1 : 1;
  }
  return written === count;
}
