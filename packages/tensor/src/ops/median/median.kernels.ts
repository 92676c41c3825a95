/** Median filters: what devices compute. */
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';

export interface MedianKernels {
  /**
   * `out [n, d, h, w, c]`: of each window of `x [n, d + kd − 1, h + kh − 1, w + kw − 1, c]`, for each channel, the value that ⌊k / 2⌋ of its k values are not
   * above; both f32.
   */
  medianFilter(x: Operand, out: Operand, kernel: Triple): void;
}
