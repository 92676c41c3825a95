/** Weights in files that both nnU-Net and voxelgrad open: `checkpoint_best.pth`, `checkpoint_latest.pth`, `checkpoint_final.pth`. */
import { join } from 'node:path';
import { readText } from '@voxelgrad/io';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node';
import { encodeNnunetCheckpoint } from '../../model-folder/export-checkpoint.ts';
import type { Plans } from '../../plan/plans.ts';
import type { Fold } from '../../splits/splits.ts';
import { mirrorAxesOf } from '../fold-batches.ts';
import { officialTrainerName, type TrainerSettings } from '../trainer-settings.ts';
import type { Run, SavedCheckpoint } from './train-fold.ts';

export interface SavedModel {
  /** The fold's folder. */
  readonly folder: string;
  readonly plans: Plans;
  readonly configuration: string;
  readonly patch: readonly number[];
  readonly fold: Fold;
  readonly trainerName: string;
  readonly trainer: TrainerSettings;
  readonly mixedPrecision: boolean;
  /** Of the data set. */
  readonly datasetJson: string;
}

/** Spatial axes that a network so trained may be mirrored along in prediction, counted without batch and channels. */
export const predictionMirrorAxes = (trainer: TrainerSettings, patch: readonly number[]): readonly number[] =>
  mirrorAxesOf(trainer, patch).map((axis) => axis - (3 - patch.length));

export async function saveModel(which: SavedCheckpoint, run: Run, model: SavedModel): Promise<void> {
  const { trainer } = model;
  const content = await encodeNnunetCheckpoint({
    ...model,
    network: run.network,
    history: run.history,
    datasetJson: JSON.parse(await readText(await openFile(model.datasetJson))),
    mirrorAxes: predictionMirrorAxes(trainer, model.patch),
    trainer: officialTrainerName(model.trainerName),
    optimizer: {
      optimizer: run.optimizer,
      initialLearningRate: trainer.learningRate,
      weightDecay: trainer.weightDecay,
      momentum: trainer.momentum,
      nesterov: trainer.momentum > 0,
      lossScaling: model.mixedPrecision,
    },
  });
  await writeFileAtomic(join(model.folder, `checkpoint_${which}.pth`), content);
}
