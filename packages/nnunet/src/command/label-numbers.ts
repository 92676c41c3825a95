/** Labels that a user gave as bare numbers: `-l 1 2 3`. */
import { type Labels, parseLabels } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';

/** Throws 'option' for words that are no label values. */
export function labelsFromNumbers(words: readonly string[], ignore: number | undefined): Labels {
  const odd = words.find((word) => !/^\d+$/.test(word) || Number(word) === 0);
  if (odd !== undefined || words.length === 0)
    throw new VoxelgradError('option', {
      what: '--labels',
      expected: 'whole numbers above 0',
      got: odd === undefined ? 'none' : `'${odd}'`,
    });
  const entries = Object.fromEntries(words.map((word) => [`label ${Number(word)}`, Number(word)]));
  return parseLabels({ background: 0, ...entries, ...(ignore === undefined ? {} : { ignore }) }, undefined, '--labels');
}
