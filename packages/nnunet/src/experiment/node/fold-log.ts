/** What a run leaves to read while it goes: a line of JSON for each epoch, and the curves as a picture. */
import { join } from 'node:path';
import type { Labels } from '@voxelgrad/io';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { savePicture } from '../../report/node/save-picture.ts';
import { drawTrainingChart, type TrainingCurves } from '../../report/training-chart.ts';
import { trainingCurves } from '../../report/training-curves.ts';
import { meanDice, type TrainingHistory } from '../../train/history.ts';

/** `training_log.jsonl` and `progress.png`, whole after every epoch. */
export async function writeLog(
  folder: string,
  { title, lossName }: Pick<TrainingCurves, 'title' | 'lossName'>,
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
  const curves = trainingCurves({ epochs }, { title, lossName, names });
  await savePicture(drawTrainingChart(curves), join(folder, 'progress.png'));
}
