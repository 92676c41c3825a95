/** Which model, or which pair of models, is best in cross-validation (nnunetv2/evaluation/find_best_configuration.py). */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { ModelName } from '../experiment/model-name.ts';

export interface Candidate {
  /** The folder's name: of a model, or of an ensemble. */
  readonly name: string;
  /** One, or the two of an ensemble. */
  readonly models: readonly ModelName[];
  /** Where the predictions of all folds are. */
  readonly folder: string;
  /** Mean foreground Dice over all cases. */
  readonly dice: number;
}

/** The highest Dice; among equals a single model before an ensemble, then the first of the list. Throws 'dataset' for none. */
export function bestCandidate(candidates: readonly Candidate[]): Candidate {
  const [best] = [...candidates]
    .filter(({ dice }) => !Number.isNaN(dice))
    .sort((a, b) => b.dice - a.dice || a.models.length - b.models.length);
  if (best === undefined)
    throw new VoxelgradError('dataset', {
      what: 'the best configuration',
      expected: 'a model with a Dice in cross-validation',
      got: 'none',
    });
  return best;
}

/** All pairs, each once, in the order of the list. */
export const pairsOf = <Item>(items: readonly Item[]): (readonly [Item, Item])[] =>
  items.flatMap((first, i) => items.slice(i + 1).map((second) => [first, second] as const));
