/**
 * Which cases train and which validate. The rules are nnU-Net's (`nnUNetTrainer.do_split`, `generate_crossval_split`): five folds by
 * scikit-learn's `KFold(5, shuffle=True, random_state=12345)` over the sorted case identifiers; a fold beyond those is a random 80:20 split
 * seeded by its number; fold 'all' trains on every case and validates on the same.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { NumpyRandomState } from './numpy-random.ts';

/** One fold, as in `splits_final.json`. */
export interface Split {
  readonly train: readonly string[];
  readonly val: readonly string[];
}

export type Fold = number | 'all';

const splitSeed = 12345;

/** Five-fold cross-validation. Throws 'dataset' with fewer cases than folds. */
export function crossValidationSplits(identifiers: readonly string[], folds = 5): Split[] {
  if (identifiers.length < folds)
    throw new VoxelgradError('dataset', {
      what: `${folds}-fold cross-validation`,
      expected: `at least ${folds} cases`,
      got: `${identifiers.length}`,
      help: "Train on all cases with fold 'all', or add cases.",
    });
  const sorted = sortedIdentifiers(identifiers);
  const order = new NumpyRandomState(splitSeed).permutation(sorted.length);
  let start = 0;
  return Array.from({ length: folds }, (_, fold) => {
    // The first (cases mod folds) folds get one case more.
    const size = Math.floor(sorted.length / folds) + (fold < sorted.length % folds ? 1 : 0);
    const held = new Set(order.subarray(start, start + size));
    start += size;
    return { train: sorted.filter((_, i) => !held.has(i)), val: sorted.filter((_, i) => held.has(i)) };
  });
}

/** The cases of one fold; `splits` as read from `splits_final.json` or made by `crossValidationSplits`. */
export function splitOfFold(fold: Fold, splits: readonly Split[], identifiers: readonly string[]): Split {
  if (fold === 'all') {
    const all = sortedIdentifiers(identifiers);
    return { train: all, val: all };
  }
  if (!Number.isInteger(fold) || fold < 0)
    throw new VoxelgradError('option', { what: 'fold', expected: "a whole number ≥ 0 or 'all'", got: String(fold) });
  return splits[fold] ?? randomSplit(fold, identifiers);
}

/** 80 % of the cases, drawn with a seed of its own for every fold; the training cases stay in the order drawn, as nnU-Net has them. */
function randomSplit(fold: number, identifiers: readonly string[]): Split {
  const sorted = sortedIdentifiers(identifiers);
  const drawn = new NumpyRandomState(splitSeed + fold).choice(sorted.length, Math.floor(sorted.length * 0.8), false);
  const training = new Set(drawn);
  return { train: Array.from(drawn, (i) => sorted[i]!), val: sorted.filter((_, i) => !training.has(i)) };
}

/** By UTF-16 code unit, which is NumPy's order for all but the rarest characters. */
function sortedIdentifiers(identifiers: readonly string[]): string[] {
  const sorted = [...identifiers].sort();
  const twice = sorted.find((identifier, i) => identifier === sorted[i - 1]);
  if (twice !== undefined)
    throw new VoxelgradError('dataset', { what: `case '${twice}'`, expected: 'an identifier of its own', got: 'two' });
  return sorted;
}
