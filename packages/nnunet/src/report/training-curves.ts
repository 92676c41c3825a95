/** The curves of a training, from its history. */
import { type EpochRecord, meanDice, movingAverages, type TrainingHistory } from '../train/history.ts';
import type { TrainingCurves } from './training-chart.ts';

/** `names`: of the labels or regions, in the order of their pseudo Dice. */
export function trainingCurves(
  { epochs }: Pick<TrainingHistory, 'epochs'>,
  { title, lossName, names }: Pick<TrainingCurves, 'title' | 'lossName'> & { readonly names: readonly string[] },
): TrainingCurves {
  const each = (value: (record: EpochRecord) => number | null | undefined): number[] =>
    epochs.map((record) => value(record) ?? Number.NaN);
  const means = epochs.map(({ pseudoDice }) => meanDice(pseudoDice));
  return {
    title,
    lossName,
    trainLoss: each(({ trainingLoss }) => trainingLoss),
    validationLoss: each(({ validationLoss }) => validationLoss),
    regions: names.map((name, i) => ({ name, pseudoDice: each(({ pseudoDice }) => pseudoDice[i]) })),
    meanPseudoDice: means.map((mean) => mean ?? Number.NaN),
    smoothedPseudoDice: movingAverages(means),
    epochSeconds: each(({ seconds }) => seconds),
    learningRate: each(({ learningRate }) => learningRate),
  };
}
