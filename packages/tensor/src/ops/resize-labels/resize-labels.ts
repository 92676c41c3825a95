/**
 * Resizing of labels: what resizing the mask of each label linearly and choosing between them gives, in one pass, whatever the number of labels. Since a half
 * decides, shares are those of SciPy and scikit-image to the last bit: in double precision, in their order of sums.
 */
import { VoxelgradError } from '../../errors.ts';
import { type Shape, showShape, type Triple } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkChoice, checkDType, checkRank, output } from '../operands.ts';
import { checkSize } from '../resample/resample.ts';
import { nearest } from '../resample/resize.ts';
import type { LabelRule } from './resize-labels.kernels.ts';

/**
 * `x [n, d, h, w]` (i32) → `[n, …size]`. The label of a voxel is the highest that has at least ½ of it, else 0 ('half'); that has more than ½ of it
 * ('more than half'); the one with most of it, shares being compared in thousandths and half precision and the lowest label winning where they are equal
 * ('largest'); or that of the 'nearest' voxel, as `resize` of order 0. It has no gradient. Throws 'shape' where they do not fit each other.
 */
export function resizeLabels(x: Tensor, size: Triple, rule: LabelRule | 'nearest'): Tensor {
  checkRank('resizeLabels', 'x', x, 'n, d, h, w');
  checkDType('resizeLabels', x, ['i32']);
  checkChoice('resizeLabels: rule', rule, ['half', 'more than half', 'largest', 'nearest']);
  const target = checkSize('resizeLabels', size);
  if (x.shape.slice(1).includes(0))
    throw new VoxelgradError('shape', {
      what: `resizeLabels to ${showShape(target)}`,
      expected: 'at least one voxel along each axis of x [n, d, h, w]',
      got: showShape(x.shape),
    });
  if (rule === 'nearest') return nearest(x, target, undefined);
  const shape: Shape = [x.shape[0]!, ...target];
  const out = output(x, shape);
  x.device.kernels.resizeLabels(rule, x, out);
  return out;
}
