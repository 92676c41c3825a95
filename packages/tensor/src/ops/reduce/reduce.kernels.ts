/** Reductions. The order of summation depends on the shape alone, never on the number of threads. Sums are f32 even for f16. */
import type { Operand } from '../../device/device.ts';

export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'sumOfSquares';

export interface ReduceKernels {
  /** Reduces x, seen as `[outer, reduced, inner]`, to `[outer, inner]`. x f32, f16 or i32 (sum, max, min); out has x's dtype, or f32 where x is f16. */
  reduce(op: ReduceOp, x: Operand, out: Operand, outer: number, reduced: number, inner: number): void;
  /** The index (i32) of the first largest or smallest element, same view. */
  argReduce(op: 'max' | 'min', x: Operand, out: Operand, outer: number, reduced: number, inner: number): void;
  /** Running sum along the middle axis, same shape as x (f32). */
  cumulativeSum(x: Operand, out: Operand, outer: number, length: number, inner: number, reverse: boolean): void;
}
