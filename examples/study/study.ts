/**
 * A whole study in one call: prepare cases, train a PlainConvUNet on some, predict the others, score them, draw everything. What the two examples
 * have in common. Everything it writes lies under `out`: checkpoints, predictions, pictures, the chart of the run.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ArrayCase,
  batchRandom,
  collectClassLocations,
  HostRandom,
  mildTransforms,
  PatchPipeline,
  RandomPatches,
} from '@voxelgrad/augment';
import type { Case, DataSet } from '@voxelgrad/io';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { Adam, deepSupervision, diceAndBinaryCrossEntropy, diceAndCrossEntropy, polynomial } from '@voxelgrad/nn';
import {
  type Architecture,
  describeCheckpoint,
  drawTrainingChart,
  encodeCheckpoint,
  meanDice,
  PlainConvUNet,
  restoreCheckpoint,
  type TrainingHistory,
  train,
} from '@voxelgrad/nnunet';
import { savePicture } from '@voxelgrad/nnunet/node';
import { type Device, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import { type Evaluation, evaluateCases } from './evaluate.ts';
import { type PreparedCase, prepareCase } from './prepare.ts';

export interface StudySettings {
  readonly title: string;
  readonly dataSet: DataSet;
  readonly training: readonly Case[];
  readonly heldOut: readonly Case[];
  readonly device: Device;
  readonly out: string;
  readonly features: readonly number[];
  readonly patch: Triple;
  readonly batchSize: number;
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly validationIterations: number;
  readonly learningRate: number;
  readonly patience?: number | undefined;
  readonly seed: number;
  /** Goes on with the last checkpoint under `out`. */
  readonly resume: boolean;
  readonly mirrorAxes: readonly number[];
  readonly signal: AbortSignal;
  readonly report: StudyReport;
}

/** What happens, for a progress bar. */
export interface StudyReport {
  phase(name: string, total: number, done?: number): void;
  advance(done: number, text?: string): void;
  message(text: string): void;
}

export interface StudyResult {
  readonly interrupted: boolean;
  readonly history: TrainingHistory;
  readonly evaluation?: Evaluation;
}

const CHECKPOINT = 'checkpoint_latest.safetensors';
