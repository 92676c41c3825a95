/** Undoes deflate as ZIP entries have it: no header, no checksum. The platform's own inflater, in Node as in browsers. */
import { brokenZip } from './directory.ts';
import { throughTransform } from './transform.ts';

/** The unpacked bytes; whoever reads them stops when there are more than there should be. */
export async function* inflateRaw(packed: AsyncIterable<Uint8Array>, what: string): AsyncIterable<Uint8Array> {
  try {
    yield* throughTransform(packed, new DecompressionStream('deflate-raw'));
  } catch (cause) {
    throw brokenZip(what, 'whole deflated data', cause instanceof Error ? cause.message : String(cause), cause);
  }
}
