/**
 * Whether one axis is resampled by itself (`determine_do_sep_z_and_axis` of nnU-Net 2.8): the coarsest, where it is more than three times as coarse as
 * the finest. Interpolating across slices that are far apart would invent what lies between them.
 */
import { anisotropyThreshold } from '../plan/target-spacing.ts';

/** The axis, or undefined where all are resampled together. `force` as `force_separate_z` in plans: null decides by the spacings. */
export function separateAxis(
  current: readonly number[],
  target: readonly number[],
  force: boolean | null = null,
): number | undefined {
  if (force === false) return undefined;
  const decisive = force === true || isAnisotropic(current) ? current : isAnisotropic(target) ? target : undefined;
  if (decisive === undefined) return undefined;
  const coarsest = [...decisive.keys()].filter((axis) => decisive[axis] === Math.max(...decisive));
  // Where two axes are the coarsest, none is special.
  return coarsest.length === 1 ? coarsest[0] : undefined;
}

const isAnisotropic = (spacing: readonly number[]): boolean =>
  Math.max(...spacing) / Math.min(...spacing) > anisotropyThreshold;
