/**
 * The five data types. `f32` is what is computed in; `f16` is storage for mixed precision (sums are f32 all the same);
 * `i32`, `u8` and `bool` carry labels, indices and masks.
 */
export type DType = 'f32' | 'f16' | 'i32' | 'u8' | 'bool';

/** Host-side values of a tensor. `f16` comes and goes as Float32Array: Node 20 has no Float16Array. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Whether tensors of this type can have gradients. */
export const isFloat = (dtype: DType): boolean => dtype === 'f32' || dtype === 'f16';

/** A host array of `length` elements that holds `dtype` without loss. */
export function hostArray(dtype: DType, length: number): HostArray {
  if (isFloat(dtype)) return new Float32Array(length);
  return dtype === 'i32' ? new Int32Array(length) : new Uint8Array(length);
}
