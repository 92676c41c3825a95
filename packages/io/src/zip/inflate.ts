/** Undoes deflate as ZIP entries have it: no header, no checksum. The platform's own inflater, in Node as in browsers. */
import { brokenZip } from './directory.ts';

/** The unpacked bytes; whoever reads them stops when there are more than there should be. */
export async function* inflateRaw(packed: AsyncIterable<Uint8Array>, what: string): AsyncIterable<Uint8Array> {
  const inflater = new DecompressionStream('deflate-raw');
  const feeding = feed(packed, inflater.writable);
  // An error on this side ends the other one too, where it is told.
  feeding.catch(() => undefined);
  const reader = inflater.readable.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
    await feeding;
  } catch (cause) {
    throw brokenZip(what, 'whole deflated data', cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function feed(chunks: AsyncIterable<Uint8Array>, target: WritableStream<BufferSource>): Promise<void> {
  const writer = target.getWriter();
  writer.closed.catch(() => undefined);
  try {
    for await (const chunk of chunks) await writer.write(chunk as Uint8Array<ArrayBuffer>);
    await writer.close();
  } catch (cause) {
    await writer.abort(cause).catch(() => undefined);
    throw cause;
  }
}
