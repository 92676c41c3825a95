/** What a run leaves to read while it goes: a line of JSON for each epoch, and the curves as a picture. */
import { join } from 'node:path';
import type { Labels } from '@voxelgrad/io';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { savePicture } from '../../report/node/save-picture.ts';
import { drawTrainingChart } from '../../report/training-chart.ts';
import { meanDice, movingAverages, type TrainingHistory } from '../../train/history.ts';

/** `training_log.jsonl` and `progress.png`, whole after every epoch. */
export async function writeLog(
  folder: string,
  title: string,
  labels: Labels,
  { epochs, losses }: TrainingHistory,
): Promise<void> {
  const names = labels.classes.map(({ name }) => name);
  const lines = epochs.map((record, epoch) =>
    JSON.stringify({
      epoch,
      iterations: Math.round((losses.length / epochs.length) * (epoch + 1)),
      ...record,
      pseudoDice: Object.fromEntries(record.pseudoDice.map((dice, i) => [names[i] ?? String(i), dice])),
      meanPseudoDice: meanDice(record.pseudoDice),
    }),
  );
  await writeFileAtomic(join(folder, 'training_log.jsonl'), `${lines.join('\n')}\n`);
  const numbers = (values: readonly (number | null | undefined)[]) => values.map((value) => value ?? Number.NaN);
  const means = epochs.map(({ pseudoDice }) => meanDice(pseudoDice));
  await savePicture(
    drawTrainingChart({
      title,
      trainLoss: epochs.map(({ trainingLoss }) => trainingLoss),
      validationLoss: numbers(epochs.map(({ validationLoss }) => validationLoss)),
      regions: names.map((name, i) => ({ name, pseudoDice: numbers(epochs.map(({ pseudoDice }) => pseudoDice[i])) })),
      meanPseudoDice: numbers(means),
      smoothedPseudoDice: movingAverages(means),
      epochSeconds: epochs.map(({ seconds }) => seconds),
      learningRate: epochs.map(({ learningRate }) => learningRate),
    }),
    join(folder, 'progress.png'),
  );
}
