/** LZW against streams of libtiff's encoder, and against damage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLzw } from './lzw.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

const streams = [
  {
    name: 'all equal',
    length: 3000,
    at: () => 0,
    encoded:
      'gAAgUDgkFg0HhEJhULhkNh0PiERiUTikVi0XjEZjUbjkdj0fkEhkUjkklk0nlEplUrlktl0vmExmUzmk1m03nE5nU7nk9n0/oFBoVDolFo1HpFJp' +
      'VLplKgI=',
  },
  {
    name: 'few values',
    length: 2500,
    at: (i: number) => ((i % 7) * Math.floor(i / 50)) % 5,
    encoded:
      'gAAgUDgkFg0HhEJgoBAQDAgAAMQhsPiMMh0QiUXisTjEWikZj4BAgBAYAAUmkclk4ClMmlEkl0smErls0mcoAknkoDkU6AE8nM/n89oVAn1GotEn' +
      'ciiMPAgDAVNAFPqNTqdQqVUrNYq1artchVhsVjgcbjUgjscs0htVotcYmUql9yuMxmtzu03us6pVDoNLv9+o99pGAo9cp2Iq9VxOMxdbx1exNkym' +
      'Vgtss8etOZtuat9vm10u97vGhvOimGGpOBwuC1eD1l9yWPr+RxWz3GKy27ymd32c4GY4VpvWj43F5Go1Gw5mv52q6GuxuQ6m16vT6287Vjz1u73d' +
      '8G/j+k8nH5Wn9Erwnr2Pt5vRnm2+XX2nY+2L7f5hGf7/izbhtA0sBPK5L0wE1sEPY97XOi3L5uy+8HKy/UKIG4L/ww/jwuA87TQ9AbzPQ+EFOfBk' +
      'TKRCLbxVB8UsdCsKQ3AD+wvDUQw/AkOxA90SwTHcRpHCD6yFCUgq9F79Q0/0kxo70cQNJ0brvHsFynHjCRW+kiRarcjv1GUYwzGbhyjAsyRyusfy' +
      'pEk0qFLUhyxIrFIC',
  },
] as const;

/** The plain way: a map of strings; a clear code before the table is full, as libtiff writes it. */
function encodeLzw(data: Uint8Array): Uint8Array {
  const bits: number[] = [];
  let table = new Map<string, number>();
  let width = 9;
  const put = (code: number): void => {
    for (let bit = width - 1; bit >= 0; bit--) bits.push((code >> bit) & 1);
  };
  const codeOf = (text: string): number => (text.length === 1 ? text.charCodeAt(0) : table.get(text)!);
  put(256);
  let text = '';
  for (const byte of data) {
    const longer = text + String.fromCharCode(byte);
    if (longer.length === 1 || table.has(longer)) {
      text = longer;
      continue;
    }
    put(codeOf(text));
    table.set(longer, 258 + table.size);
    if (258 + table.size === 4095) {
      put(256);
      [table, width] = [new Map(), 9];
    } else if (258 + table.size + 1 > 2 ** width) width++;
    text = String.fromCharCode(byte);
  }
  put(codeOf(text));
  put(257);
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((byte, bit, b) => byte | (bit << (7 - b)), 0),
  );
}

describe('decodeLzw', () => {
  it.each(streams)('$name', ({ encoded, length, at }) => {
    expect(decodeLzw(bytes(encoded), length)).toEqual(Uint8Array.from({ length }, (_, i) => at(i)));
  });

  it.each([6, 40, 256])('comes back, with %d values', (values) => {
    const data = Uint8Array.from({ length: 30_000 }, (_, i) => Math.floor(i ** 2 / 64) % values);
    expect(decodeLzw(encodeLzw(data), data.length)).toEqual(data);
  });

  it('ends on any bytes, within its limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 3000 }), (encoded, limit) => {
        expect(decodeLzw(encoded, limit).length).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
