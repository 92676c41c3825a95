/** Damages files at random, for tests of readers: bytes changed, cut out, doubled or cut off. */
import type { HostRandom } from '../phantom/random.ts';

/** One to eight changes; most of them in the first `headerBytes` bytes, where headers are. */
export function damaged(bytes: Uint8Array, random: HostRandom, headerBytes = 600): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  for (let changes = 1 + random.index(8); changes > 0 && result.length > 1; changes--) {
    const at = random.index(random.uniform() < 0.8 ? Math.min(headerBytes, result.length) : result.length);
    const kind = random.index(8);
    if (kind < 3) result[at] = random.index(256);
    else if (kind < 5) result[at]! ^= 1 << random.index(8);
    else if (kind === 5) result.fill([0, 255, 127][random.index(3)]!, at, at + 1 + random.index(8));
    else if (kind === 6) result = joined([result.subarray(0, at), result.subarray(at + 1 + random.index(16))]);
    else result = random.uniform() < 0.5 ? result.slice(0, at) : joined([result.subarray(0, at), result]);
  }
  return result;
}

const joined = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));
