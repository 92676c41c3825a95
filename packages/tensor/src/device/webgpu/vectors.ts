/** WGSL for kernels that handle four neighbouring elements a thread, the last group of a tensor included. */

const INVOCATIONS = 256;

/** Workgroups of 256 threads with four elements each. */
export const vectorWorkgroups = (size: number): number => Math.ceil(size / 4 / INVOCATIONS);

/**
 * `merge_tail(values, before, left)`: what to store where only `left` elements remain. Beyond the end of a tensor may lie another (a view into
 * an arena), whose values `before` has.
 */
export const mergeTail = (
  type: string,
): string => `fn merge_tail(values: vec4<${type}>, before: vec4<${type}>, left: u32) -> vec4<${type}> {
  return select(before, values, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(left));
}`;
