/// <reference path="./declarations.d.ts" />
/**
 * JPEG 2000, JPEG-LS and baseline JPEG by Cornerstone's builds of OpenJPEG, CharLS and libjpeg-turbo to WebAssembly, loaded when they are needed.
 * (Their builds to plain JavaScript would need no .wasm file, but take eight times as long: half a second for a slice of CT.)
 */

export type CornerstoneCodec = 'jpeg-2000' | 'jpeg-ls' | 'jpeg';

export interface DecodedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly bytesPerSample: 1 | 2;
}

type NewDecoder = () => CornerstoneDecoder;

/** In Node the codecs find their .wasm beside themselves; in a page it is where the bundler put it. */
const inNode = import.meta.url.startsWith('file:');

/** Messages of the codecs are told by our errors. */
const options = (wasm: URL): object => ({
  print: () => undefined,
  printErr: () => undefined,
  ...(inNode ? {} : { locateFile: () => wasm.href }),
});

const openers: Readonly<Record<CornerstoneCodec, () => Promise<NewDecoder>>> = {
  'jpeg-2000': async () => {
    const wasm = new URL('@cornerstonejs/codec-openjpeg/decodewasm', import.meta.url);
    const { J2KDecoder } = await (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default(options(wasm));
    return () => new J2KDecoder();
  },
  'jpeg-ls': async () => {
    const wasm = new URL('@cornerstonejs/codec-charls/decodewasm', import.meta.url);
    const { JpegLSDecoder } = await (await import('@cornerstonejs/codec-charls/decodewasmjs')).default(options(wasm));
    return () => new JpegLSDecoder();
  },
  jpeg: async () => {
    const wasm = new URL('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm', import.meta.url);
    const codec = await import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs');
    const { JPEGDecoder } = await codec.default(options(wasm));
    return () => new JPEGDecoder();
  },
};

const opened = new Map<CornerstoneCodec, Promise<NewDecoder>>();

/** Decodes one frame. Whatever a codec throws (C++ exceptions are numbers) passes through. */
export async function decodeWithCornerstone(codec: CornerstoneCodec, encoded: Uint8Array): Promise<DecodedFrame> {
  let opening = opened.get(codec);
  if (opening === undefined) {
    opening = openers[codec]();
    opened.set(codec, opening);
  }
  const open = await opening;
  let decoder: CornerstoneDecoder | undefined;
  try {
    decoder = open();
    decoder.getEncodedBuffer(encoded.length).set(encoded);
    decoder.decode();
    const { bitsPerSample } = decoder.getFrameInfo();
    const bytes = new Uint8Array(decoder.getDecodedBuffer());
    decoder.delete();
    return { bytes, bytesPerSample: bitsPerSample <= 8 ? 1 : 2 };
  } catch (cause) {
    // C++ exceptions are numbers and leave the codec whole; after anything else the next frame gets a fresh one.
    if (typeof cause === 'number') decoder?.delete();
    else if (opened.get(codec) === opening) opened.delete(codec);
    throw cause;
  }
}
