/** The curves of a run as a picture, drawn anew after every epoch. */
import { join } from 'node:path';
import { drawTrainingChart, type TrainingHistory, trainingCurves } from '@voxelgrad/nnunet';
import { savePicture } from '@voxelgrad/nnunet/node';
import type { StudySettings } from './study.ts';

/** What all studies minimise. */
export const lossName = 'cross-entropy − Dice';

export async function saveChart({ title, dataSet, out }: StudySettings, history: TrainingHistory): Promise<void> {
  const names = dataSet.labels!.classes.map(({ name }) => name);
  const chart = drawTrainingChart(trainingCurves(history, { title, lossName, names }));
  await savePicture(chart, join(out, 'progress.png'));
}
