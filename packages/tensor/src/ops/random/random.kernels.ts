/**
 * Random numbers from Philox 4×32-10 (Salmon et al., SC11): element i takes word i mod 4 of the block with counter
 * (⌊i / 4⌋ low, ⌊i / 4⌋ high, stream low, stream high) and key (seed low, seed high). The same bits on every device.
 */
import type { Operand } from '../../device/device.ts';

export interface RandomState {
  /** Two unsigned 32-bit words each. */
  readonly seed: readonly [number, number];
  readonly stream: readonly [number, number];
}

export interface RandomKernels {
  /** f32 in [low, high): `low + (high − low) · (word >>> 8) · 2⁻²⁴`. */
  randomUniform(out: Operand, state: RandomState, low: number, high: number): void;
  /**
   * f32 `mean + deviation · z`, a word each: the probability beyond |z| is (2 · (word & 0x7fffffff) + 1) · 2⁻³³, the top bit is z's sign. |z| reaches 6.2
   * and is within 10⁻⁵ of the exact quantile.
   */
  randomNormal(out: Operand, state: RandomState, mean: number, deviation: number): void;
  /** The raw words, as i32: what tests compare bit for bit. */
  randomBits(out: Operand, state: RandomState): void;
}
