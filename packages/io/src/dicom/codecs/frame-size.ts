/**
 * What a compressed frame says of its own size, read before a codec sees it: a codec takes the memory that its header asks for.
 * JPEG and JPEG-LS: the frame header behind the first SOF marker (ITU-T T.81, B.2.2; T.87, C.2.2). JPEG 2000: the SIZ segment (T.800, A.5.1).
 */

export interface FrameSize {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits a sample. */
  readonly precision: number;
}

/** Undefined where the bytes are none of these formats, or end before they say. */
export function compressedFrameSize(bytes: Uint8Array): FrameSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) return undefined;
  const start = view.getUint16(0);
  if (start === 0xff4f) return sizeSegment(view);
  return start === 0xffd8 ? frameHeader(view) : undefined;
}

/** SOF0–15 but DHT (C4), JPG (C8) and DAC (CC); SOF55 (F7) is JPEG-LS. */
const isFrameMarker = (marker: number): boolean =>
  marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc);

function frameHeader(view: DataView): FrameSize | undefined {
  for (let at = 2; at + 10 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Any number of 0xff may stand before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (isFrameMarker(marker)) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { precision: view.getUint8(at + 4), height, width, components: view.getUint8(at + 9) };
    }
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function sizeSegment(view: DataView): FrameSize | undefined {
  if (view.byteLength < 45 || view.getUint16(2) !== 0xff51) return undefined;
  const extent = (end: number, start: number): number => view.getUint32(end) - view.getUint32(start);
  return {
    width: extent(8, 16),
    height: extent(12, 20),
    components: view.getUint16(40),
    precision: (view.getUint8(42) & 0x7f) + 1,
  };
}
