/** Batched matrix products. */
import type { Operand } from '../../device/device.ts';

export interface MatmulKernels {
  /**
   * `out [b, m, n] = op(a) · op(b)`, where a is `[b, m, k]` (`[b, k, m]` if transposeA) and b `[b, k, n]` (`[b, n, k]` if transposeB).
   * f32, or f16 with f32 sums.
   */
  matmul(a: Operand, b: Operand, out: Operand, transposeA: boolean, transposeB: boolean): void;
}
