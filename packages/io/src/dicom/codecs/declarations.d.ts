/** The codecs of Cornerstone (OpenJPEG, CharLS and libjpeg-turbo, compiled to WebAssembly) come without types: what is used of them. */
interface CornerstoneDecoder {
  /** Room for the encoded bytes, in the codec's memory. */
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  /** The samples, in the codec's memory: until the next call. */
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export default function open(options?: object): Promise<{ J2KDecoder: new () => CornerstoneDecoder }>;
}

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  export default function open(options?: object): Promise<{ JpegLSDecoder: new () => CornerstoneDecoder }>;
}

declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  export default function open(options?: object): Promise<{ JPEGDecoder: new () => CornerstoneDecoder }>;
}
