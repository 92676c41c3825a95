/**
 * Philox 4×32-10 on the host: four random 32-bit words from a 128-bit counter and a 64-bit key (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC11). The same generator as the device's random tensors, so that one seed rules both.
 */

/** Four unsigned 32-bit words. */
export type Words = readonly [number, number, number, number];

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const keyStep0 = 0x9e3779b9;
const keyStep1 = 0xbb67ae85;
const rounds = 10;

/** The four words at a counter of the sequence that belongs to a key. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [key0, key1] = key;
  for (let round = 0; round < rounds; round++) {
    const high0 = highProduct(multiplier0, a);
    const low0 = Math.imul(multiplier0, a);
    const high1 = highProduct(multiplier1, c);
    const low1 = Math.imul(multiplier1, c);
    [a, b, c, d] = [high1 ^ b ^ key0, low1, high0 ^ d ^ key1, low0];
    key0 = (key0 + keyStep0) | 0;
    key1 = (key1 + keyStep1) | 0;
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
}

/** The upper 32 bits of a product of two 32-bit words, by halves: doubles hold 53 bits. */
function highProduct(x: number, y: number): number {
  const [xLow, xHigh] = [x & 0xffff, x >>> 16];
  const [yLow, yHigh] = [y & 0xffff, y >>> 16];
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const cross = xLow * yHigh + (middle & 0xffff);
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) | 0;
}
