/** Resampling of labels: what devices compute. */
import type { Operand } from '../../device/device.ts';

/** Which label a voxel gets of those around it: see `resizeLabels`. */
export type LabelRule = 'half' | 'more than half' | 'largest';

export interface ResizeLabelsKernels {
  /** `x [n, d, h, w]` → `out [n, …]`, both i32: labels by their linear shares, decided in double precision on every device. */
  resizeLabels(rule: LabelRule, x: Operand, out: Operand): void;
}
