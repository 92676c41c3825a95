/**
 * Gzip files of several members (pigz, bgzip, cat), in browsers: `DecompressionStream` takes one member and refuses what follows. Where it does, fflate
 * finds where the members begin, and each is then inflated, and its checksum checked, by the platform, which is several times faster.
 */

/** Its bytes, inflated by the platform if a form is given; the platform's errors pass through. */
export async function* readBlob(blob: Blob, form?: 'gzip' | 'deflate'): AsyncIterable<Uint8Array> {
  const stored = blob.stream();
  const reader = (form === undefined ? stored : stored.pipeThrough(new DecompressionStream(form))).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** All members, one after the other. Throws what the platform throws for broken data. */
export async function* gunzipBlob(blob: Blob): AsyncIterable<Uint8Array> {
  let given = 0;
  let members: readonly Blob[];
  try {
    for await (const part of readBlob(blob, 'gzip')) {
      given += part.length;
      yield part;
    }
    return;
  } catch (cause) {
    members = await splitMembers(blob);
    if (members.length < 2) throw cause;
  }
  for (const member of members)
    for await (const part of readBlob(member, 'gzip')) {
      // What came before the error is not given again.
      const known = Math.min(given, part.length);
      given -= known;
      if (known < part.length) yield part.subarray(known);
    }
}

/** Small, so that what a piece is inflated to, at most 1032 times as much, stays small. */
const pieceBytes = 2 ** 14;

/** Up to the first byte that is no gzip: the member that it is in tells what is wrong. */
async function splitMembers(blob: Blob): Promise<Blob[]> {
  const { Gunzip } = await import('fflate');
  const starts = [0];
  const gunzip = new Gunzip(() => undefined);
  gunzip.onmember = (start) => starts.push(start);
  try {
    for (let at = 0; at < blob.size; at += pieceBytes)
      gunzip.push(new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer()));
  } catch {
    // The platform finds the same damage, and names it.
  }
  return starts.map((start, i) => blob.slice(start, starts[i + 1] ?? blob.size));
}
