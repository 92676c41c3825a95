/**
 * Test-time augmentation by mirroring: the network sees a patch in every combination of flips along the allowed axes, the predictions are
 * flipped back and averaged (nnU-Net's `_internal_maybe_mirror_and_predict`: 8 passes with three axes).
 */

/** Every set of axes to flip, the empty one first: for [0, 1] that is [], [0], [1], [0, 1]. */
export function mirrorCombinations(axes: readonly number[]): number[][] {
  const all = axes.reduce<number[][]>((sets, axis) => sets.concat(sets.map((set) => [...set, axis])), [[]]);
  return all.sort((a, b) => a.length - b.length || compareInOrder(a, b, axes));
}

function compareInOrder(a: readonly number[], b: readonly number[], axes: readonly number[]): number {
  const differing = a.findIndex((axis, i) => axis !== b[i]);
  return differing < 0 ? 0 : axes.indexOf(a[differing]!) - axes.indexOf(b[differing]!);
}
