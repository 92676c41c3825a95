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
  const planes = offsets.map((offset, i) => bytes.subarray(offset, offsets[i + 1] ?? bytes.length));
  // Two bytes may stand for 128: what a damaged header claims is held against the runs before memory is taken for it.
  if (!planes.every((packed) => unpackedLength(packed, voxels) === voxels)) return undefined;
  const samples = new Uint8Array(voxels * bytesPerSample);
  for (const [segment, packed] of planes.entries())
    unpack(packed, samples, bytesPerSample - 1 - segment, bytesPerSample, voxels);
  return samples;
}

/** What the packed bytes stand for: `most`, or fewer bytes where they end early. */
function unpackedLength(packed: Uint8Array, most: number): number {
  let length = 0;
  for (let at = 0; at < packed.length && length < most; ) {
    const control = packed[at++]!;
    if (control === 128) continue;
    const literal = control < 128;
    const run = Math.min(literal ? control + 1 : 257 - control, most - length);
    if (at + (literal ? run : 1) > packed.length) return length;
    length += run;
    at += literal ? control + 1 : 1;
  }
  return length;
}

/** Fills every `step`-th byte of `target` from `start` on with the bytes that the packed ones stand for, of which there are enough. */
function unpack(packed: Uint8Array, target: Uint8Array, start: number, step: number, count: number): void {
  let written = 0;
  for (let at = 0; written < count; ) {
    const control = packed[at++]!;
    if (control === 128) continue;
    const literal = control < 128;
    const length = Math.min(literal ? control + 1 : 257 - control, count - written);
    for (let i = 0; i < length; i++) target[start + step * (written + i)] = packed[literal ? at + i : at]!;
    written += length;
    at += literal ? control + 1 : 1;
  }
}
