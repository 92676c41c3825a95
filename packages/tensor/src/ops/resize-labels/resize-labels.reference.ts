/** Resizing of labels as plain loops in double precision: each voxel's eight corners, their shares in SciPy's order of products and sums. */
import { floatFromHalf, halfFromFloat } from '../../device/half.ts';
import type { Triple } from '../../shape.ts';
import type { LabelRule } from './resize-labels.kernels.ts';

export interface Corner {
  readonly label: number;
  readonly share: number;
}

function along(extent: number, size: number, i: number): readonly (readonly [voxel: number, weight: number])[] {
  const coordinate = Math.min(Math.max((extent / size) * (i + 0.5) - 0.5, 0), extent - 1);
  const low = Math.floor(coordinate);
  return [
    [low, 1 - (coordinate - low)],
    [Math.min(low + 1, extent - 1), coordinate - low],
  ];
}

/** The corners of each voxel of the result, in order. */
export function cornersOf(labels: ArrayLike<number>, [d, h, w]: Triple, size: Triple): Corner[][] {
  const found: Corner[][] = [];
  for (let k = 0; k < size[0]; k++)
    for (let j = 0; j < size[1]; j++)
      for (let i = 0; i < size[2]; i++)
        found.push(
          along(d, size[0], k).flatMap(([z, zWeight]) =>
            along(h, size[1], j).flatMap(([y, yWeight]) =>
              along(w, size[2], i).map(([x, xWeight]) => ({
                label: labels[(z * h + y) * w + x]!,
                share: zWeight * yWeight * xWeight,
              })),
            ),
          ),
        );
  return found;
}

/** Each label's mask is resized by itself and one label after the other is painted, as the official functions do. */
export function decided(rule: LabelRule, corners: readonly Corner[]): number {
  const labels = [...new Set(corners.map(({ label }) => label))].sort((a, b) => a - b);
  const shares = labels.map((label) =>
    corners.reduce((sum, corner) => sum + (corner.label === label ? 1 : 0) * corner.share, 0),
  );
  if (rule === 'largest') {
    const halves = shares.map((share) => floatFromHalf(halfFromFloat(1000 * share)));
    return labels[halves.indexOf(Math.max(...halves))]!;
  }
  return labels.reduce((chosen, label, i) => {
    const enough = rule === 'half' ? shares[i]! >= 0.5 : shares[i]! > 0.5;
    return enough ? label : chosen;
  }, 0);
}
