/** Patches as boxes. */
import type { Triple } from '@voxelgrad/tensor';

/** [z, y, x]; a patch in the plane gets depth 1. */
export function patchTriple(patch: readonly number[]): Triple {
  return patch.length === 2 ? [1, patch[0]!, patch[1]!] : [patch[0]!, patch[1]!, patch[2]!];
}
