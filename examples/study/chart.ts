/** The curves of a run as a picture, drawn anew after every epoch. */
import { join } from 'node:path';
import { drawTrainingChart, meanDice, type TrainingHistory } from '@voxelgrad/nnunet';
import { savePicture } from '@voxelgrad/nnunet/node';
import type { StudySettings } from './study.ts';

export async function saveChart({ title, dataSet, out }: StudySettings, history: TrainingHistory): Promise<void> {
  const { epochs } = history;
  const numbers = (values: readonly (number | null | undefined)[]): number[] =>
    values.map((value) => value ?? Number.NaN);
  const chart = drawTrainingChart({
    title,
    trainLoss: epochs.map(({ trainingLoss }) => trainingLoss),
    validationLoss: numbers(epochs.map(({ validationLoss }) => validationLoss)),
    regions: dataSet.labels!.classes.map(({ name }, c) => ({
      name,
      pseudoDice: numbers(epochs.map(({ pseudoDice }) => pseudoDice[c])),
    })),
    meanPseudoDice: numbers(epochs.map(({ pseudoDice }) => meanDice(pseudoDice))),
  });
  await savePicture(chart, join(out, 'progress.png'));
}
