/** Softmax over the last axis. x is `[rows, c]`, f32 or f16, computed in f32. */
import type { Operand } from '../../device/device.ts';

export interface SoftmaxKernels {
  softmax(x: Operand, out: Operand): void;
  logSoftmax(x: Operand, out: Operand): void;
  /** `dx = y · (dy − Σ dy · y)`. */
  softmaxGradient(dy: Operand, y: Operand, dx: Operand): void;
  /** `dx = dy − exp(y) · Σ dy`. */
  logSoftmaxGradient(dy: Operand, y: Operand, dx: Operand): void;
}
