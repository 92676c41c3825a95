/** Bytes through one of the platform's transforms (`CompressionStream`, `DecompressionStream`), no faster than they are asked for. */

/** What comes out of `transform` for `chunks`. An error of theirs, or of the transform, is thrown as it is. */
export async function* throughTransform(
  chunks: AsyncIterable<Uint8Array>,
  transform: GenericTransformStream,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const feeding = feed(chunks, transform.writable);
  // An error on this side ends the other one too, where it is told.
  feeding.catch(() => undefined);
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = transform.readable.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
    await feeding;
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
