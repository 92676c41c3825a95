/**
 * `splits_final.json`: nnU-Net's list of folds, `[{"train": [...], "val": [...]}, ...]`, which a user may also write by hand. So it is checked
 * against the cases that exist. A case that both trains and validates is the user's to decide on, but worth a warning: see `casesOnBothSides`.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Split } from './splits.ts';

/** The text of `splits_final.json`, laid out as Python's `json.dump(indent=4)` does. */
export function formatSplits(splits: readonly Split[]): string {
  return JSON.stringify(
    splits.map(({ train, val }) => ({ train, val })),
    null,
    4,
  );
}

/** Throws 'format' when `text` is not a list of splits, 'dataset' when it does not fit the cases. */
export function parseSplits(text: string, identifiers: readonly string[], file = 'splits_final.json'): Split[] {
  const splits = readJson(text, file);
  const known = new Set(identifiers);
  splits.forEach((split, fold) => {
    checkSplit(split, known, `fold ${fold} of ${file}`);
  });
  return splits;
}

/** Cases that a fold both trains and validates on, which makes its validation figures too good. Empty in a sound split. */
export function casesOnBothSides(split: Split): string[] {
  const training = new Set(split.train);
  return split.val.filter((identifier) => training.has(identifier));
}

function readJson(text: string, file: string): Split[] {
  const broken = (got: string, cause?: unknown): VoxelgradError =>
    new VoxelgradError('format', {
      what: file,
      expected: 'a list of {"train": [identifiers], "val": [identifiers]}',
      got,
      help: `Correct ${file}, or delete it to have five folds made anew.`,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken('text that is not JSON', cause);
  }
  if (!Array.isArray(value)) throw broken(typeof value);
  return value.map((item: unknown, fold) => {
    const { train, val } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    if (!isListOfText(train) || !isListOfText(val)) throw broken(`something else for fold ${fold}`);
    return { train, val };
  });
}

const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function checkSplit(split: Split, known: ReadonlySet<string>, what: string): void {
  const missing = [...split.train, ...split.val].find((identifier) => !known.has(identifier));
  if (missing !== undefined)
    throw new VoxelgradError('dataset', {
      what,
      expected: 'cases of this dataset',
      got: `'${missing}'`,
      help: 'Remove the case from the split, or preprocess the dataset again if the case is new.',
    });
  if (split.train.length === 0)
    throw new VoxelgradError('dataset', { what, expected: 'at least one training case', got: 'none' });
}
