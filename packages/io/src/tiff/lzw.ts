/**
 * LZW as TIFF has it (TIFF 6.0, section 13): codes of 9 to 12 bits, the highest bit first, one bit wider one code early. Stands in for the decoder of
 * `geotiff` 3.0.5, which a damaged stream can lead in circles.
 */

const clear = 256;
const end = 257;
const largestTable = 4096;

/** At most `limit` bytes; fewer where the stream ends or is damaged. */
export function decodeLzw(encoded: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  // Memory comes as it is filled: the limit is what a header claims.
  let decoded = new Uint8Array(Math.min(limit, 4 * encoded.length));
  // Entry n is entry prefix[n], which is older, and one byte more.
  const prefix = new Uint16Array(largestTable);
  const last = Uint8Array.from({ length: largestTable }, (_, code) => code);
  const lengths = new Uint16Array(largestTable).fill(1, 0, clear);
  let [written, size, width, before] = [0, end + 1, 9, -1];

  /** Writes an entry from its end to its beginning; returns its first byte. */
  const write = (code: number): number => {
    const from = written;
    written += lengths[code]!;
    let at = code;
    for (let place = written - 1; place >= from; place--, at = prefix[at]!) decoded[place] = last[at]!;
    return decoded[from]!;
  };

  const bits = encoded.length * 8;
  for (let position = 0; position + width <= bits; ) {
    const code = codeAt(encoded, position, width);
    position += width;
    if (code === end) break;
    if (code === clear) {
      [size, width, before] = [end + 1, 9, -1];
      continue;
    }
    if (code > size || (code === size && before < 0)) break;
    const length = code < size ? lengths[code]! : lengths[before]! + 1;
    if (written + length > limit) break;
    if (written + length > decoded.length) {
      const larger = new Uint8Array(Math.min(limit, 2 * (written + length)));
      larger.set(decoded);
      decoded = larger;
    }
    let first: number;
    if (code < size) first = write(code);
    else {
      first = write(before);
      decoded[written++] = first;
    }
    if (before >= 0 && size < largestTable) {
      prefix[size] = before;
      last[size] = first;
      lengths[size] = lengths[before]! + 1;
      size++;
    }
    before = code;
    if (size + 1 >= 2 ** width && width < 12) width++;
  }
  return decoded.subarray(0, written);
}

function codeAt(bytes: Uint8Array, position: number, width: number): number {
  const at = position >> 3;
  const three = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return (three >> (24 - (position & 7) - width)) & (2 ** width - 1);
}
