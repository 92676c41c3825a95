/** Lossless JPEG (ITU-T T.81, process 14), which most compressed CT and MR images of the last decades are in. */
import type { DecodedFrame } from './cornerstone.ts';

export async function decodeJpegLossless(encoded: Uint8Array, precision: number): Promise<DecodedFrame> {
  const { Decoder } = await import('@cornerstonejs/jpeg-lossless-decoder-js');
  const bytesPerSample = precision <= 8 ? 1 : 2;
  const own = encoded.slice().buffer;
  const samples = new Decoder().decode(own, 0, own.byteLength, bytesPerSample);
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength).slice();
  return { bytes, bytesPerSample };
}
