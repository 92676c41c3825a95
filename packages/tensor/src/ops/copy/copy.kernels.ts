/** Filling, strided copying and casting: what permute, slice, flip, pad, concat and broadcast are made of. */
import type { Operand } from '../../device/device.ts';

/** Walks a box of at most 6 axes. Strides and offsets are in elements; a stride may be 0 (broadcast) or negative (flip). */
export interface StridedBox {
  readonly shape: readonly number[];
  readonly fromOffset: number;
  readonly fromStrides: readonly number[];
  readonly toOffset: number;
  readonly toStrides: readonly number[];
}

export interface CopyKernels {
  /** Sets every element; bool and u8 take 0–255. */
  fill(out: Operand, value: number): void;
  /** `out[to] = x[from]` over the box; the rest of `out` keeps its content. Same dtype. */
  stridedCopy(x: Operand, out: Operand, box: StridedBox): void;
  /** Converts between any two dtypes: to integers by truncation and saturation, to bool as `≠ 0`. */
  cast(x: Operand, out: Operand): void;
  /** `out[..., i, ...] = x[..., index[i], ...]` along `axis`; `index` i32, shape [count], within range. Any dtype. */
  gather(x: Operand, index: Operand, out: Operand, axis: number): void;
  /** Sets f32 `out` to 0, then `out[..., index[i], ...] += x[..., i, ...]` in the order of i: the gradient of gather. */
  scatterAdd(x: Operand, index: Operand, out: Operand, axis: number): void;
  /** `out[..., i, ...] = x[..., index[..., i, ...], ...]` along `axis`; `index` i32 of out's shape, within range. Any dtype. */
  gatherElements(x: Operand, index: Operand, out: Operand, axis: number): void;
  /** Sets f32 `out` to 0, then `out[..., index[..., i, ...], ...] += x[..., i, ...]` in the order of i; `index` i32 of x's shape. */
  scatterAddElements(x: Operand, index: Operand, out: Operand, axis: number): void;
}
