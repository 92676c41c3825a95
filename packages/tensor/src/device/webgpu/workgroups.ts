/** Workgroup counts beyond the 65,535 that fit one dimension are folded into y; shaders undo it with `linear_workgroup` of common/index.wgsl. */

const MAXIMUM_PER_DIMENSION = 65535;

/** `[x, y, 1]` with `x · y ≥ count`. The last row may have workgroups too many: kernels check their index. */
export function foldWorkgroups(count: number): [number, number, number] {
  if (count <= MAXIMUM_PER_DIMENSION) return [count, 1, 1];
  const y = Math.ceil(count / MAXIMUM_PER_DIMENSION);
  return [Math.ceil(count / y), y, 1];
}
