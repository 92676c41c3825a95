/** The resampling functions that plans name, behind one interface. */
import { type Tensor, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import { defaultResampling } from '../plan/configuration.ts';
import type { ResamplingArguments } from '../plan/plans.ts';
import {
  type PieceResampling,
  resampleData,
  resampleDataPieces,
  resampleLinear,
  resampleLinearPieces,
} from './resample-data.ts';
import { resampleLabels, resampleLabelsByLargest } from './resample-labels.ts';

type Spacing = readonly number[];

export interface Resampling {
  /** `[1, d, h, w, c]` (f32) → `[1, …size, c]`; may give back what it was given. */
  data(x: Tensor, size: Triple, spacing: Spacing, target: Spacing, options?: ResamplingArguments): Tensor;
  /** The same for a volume of extents `shape` that is never whole. */
  pieces(
    shape: Triple,
    size: Triple,
    spacing: Spacing,
    target: Spacing,
    options?: ResamplingArguments,
  ): PieceResampling;
  /** `[1, d, h, w]` (i32) → `[1, …size]`; may give back what it was given. */
  labels(x: Tensor, size: Triple, spacing: Spacing, target: Spacing, options?: ResamplingArguments): Tensor;
}

const functions: Readonly<Record<string, Resampling>> = {
  [defaultResampling]: { data: resampleData, pieces: resampleDataPieces, labels: resampleLabels },
  resample_torch_fornnunet: {
    data: (x, size, spacing, target, options) => resampleLinear(x, size, spacing, target, options?.force_separate_z),
    pieces: (shape, size, spacing, target, options) =>
      resampleLinearPieces(shape, size, spacing, target, options?.force_separate_z),
    labels: (x, size, spacing, target, options) =>
      resampleLabelsByLargest(x, size, spacing, target, options?.force_separate_z),
  },
  no_resampling_hack: { data: (x) => x, pieces: unresampled, labels: (x) => x },
};

function unresampled(shape: Triple, size: Triple): PieceResampling {
  throw new VoxelgradError('shape', {
    what: 'no_resampling_hack',
    expected: `a result of the extents [${shape.join(', ')}] that are given`,
    got: `[${size.join(', ')}]`,
    help: 'plans without resampling are for images that all have the spacing of the plans',
  });
}

/** Throws 'option' for a function that voxelgrad does not have. */
export function resamplingOf(name: string): Resampling {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return found;
  throw new VoxelgradError('option', {
    what: 'resampling function of the plans',
    expected: Object.keys(functions).join(', '),
    got: name,
  });
}
