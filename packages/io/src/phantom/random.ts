/**
 * Random numbers on the host for the phantom: Chris Doty-Humphrey's sfc32 (PractRand), seeded through a hash so that neighbouring
 * seeds and streams share nothing. The same numbers in every engine, but for the last bit of Math.log and Math.cos in `normal`.
 */

export interface HostRandom {
  /** In [0, 1), 32 bits. */
  uniform(): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  /** Whole, from 0 to count − 1. */
  index(count: number): number;
  /** Mean 0, variance 1 (Box and Muller). */
  normal(): number;
}

/** One independent stream for each list of whole numbers: seed, case, purpose. */
export function hostRandom(...key: readonly number[]): HostRandom {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (const part of key) {
    a = mix(a ^ part);
    b = mix(b + a);
    c = mix(c ^ b);
  }
  const bits = (): number => {
    const result = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();

  const uniform = () => bits() / 2 ** 32;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return {
    uniform,
    normal,
    between: (low, high) => low + (high - low) * uniform(),
    index: (count) => Math.floor(uniform() * count),
  };
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
