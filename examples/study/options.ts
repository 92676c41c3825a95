/** Options that both examples have, and from them to a run. */
import type { Case, DataSet } from '@voxelgrad/io';
import { scoredRegions } from '@voxelgrad/nnunet';
import {
  type Dashboard,
  dashboardOptions,
  deviceOptions,
  formatDuration,
  type OptionValues,
  onDevice,
  type RunEnd,
  resultRows,
  withDashboard,
} from '@voxelgrad/nnunet/node';
import { type Device, isVoxelgradError, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import { dashboardRun } from './dashboard-run.ts';
import { writeResult } from './result-file.ts';
import { runStudy, type StudySettings } from './study.ts';

export const studyOptions = {
  ...deviceOptions,
  iterations: { type: 'integer', minimum: 1, help: 'Iterations of an epoch.', default: 50 },
  batch: { type: 'integer', minimum: 1, help: 'Patches in a batch.', default: 2 },
  patience: { type: 'integer', minimum: 1, help: 'Stop after so many epochs without a better moving pseudo Dice.' },
  learningRate: { type: 'number', minimum: 0, default: 0.001, help: 'Learning rate of Adam at the start.' },
  seed: { type: 'integer', minimum: 0, default: 1, help: 'Seed of everything random.' },
  resume: { type: 'boolean', help: 'Go on with the last checkpoint in the output folder.' },
  json: { type: 'string', placeholder: 'file', help: 'Write losses and Dice to this file.' },
  ...dashboardOptions,
} as const;

export type StudyOptions = OptionValues<typeof studyOptions> & { readonly epochs: number; readonly out: string };

/** `40x56x40` → depth, height, width; one number stands for a cube. */
export function parseSize(text: string, what: string): Triple {
  const extents = text.split(/[x×,]/).map(Number);
  const triple = extents.length === 1 ? [extents[0]!, extents[0]!, extents[0]!] : extents;
  if (triple.length !== 3 || triple.some((extent) => !Number.isInteger(extent) || extent < 1))
    throw new VoxelgradError('option', { what, expected: 'depth x height x width, such as 40x56x40', got: text });
  return triple as unknown as Triple;
}

export interface StudyPlan {
  readonly title: string;
  /** How the run was started, for the hint how to go on. */
  readonly command: string;
  readonly dataSet: DataSet;
  readonly training: readonly Case[];
  readonly heldOut: readonly Case[];
  readonly features: readonly number[];
  readonly patch: Triple;
  readonly validationIterations: number;
  readonly mirrorAxes: readonly number[];
}

/** Opens the device, runs the study and prints what came of it. */
export async function startStudy(plan: StudyPlan, options: StudyOptions, signal: AbortSignal): Promise<void> {
  try {
    await withDashboard(options.dashboard, dashboardRun(plan, options), console.log, (dashboard) =>
      onDevice(options, (device) => runOn(device, plan, options, signal, dashboard)),
    );
  } catch (error) {
    if (isVoxelgradError(error, 'interrupted')) console.log(`\nto go on:\n  ${plan.command} --resume`);
    throw error;
  }
}

async function runOn(
  device: Device,
  plan: StudyPlan,
  options: StudyOptions,
  signal: AbortSignal,
  dashboard: Dashboard | undefined,
): Promise<RunEnd> {
  console.log(`device: ${device.kind} (${device.description})`);
  console.log(
    `${plan.training.length} training cases, ${plan.heldOut.length} held out; ` +
      `patch ${plan.patch.join('×')}, batch ${options.batch}, features ${plan.features.join(', ')}; ` +
      `${options.epochs} epochs of ${options.iterations} iterations`,
  );
  const settings: StudySettings = {
    ...plan,
    device,
    out: options.out,
    batchSize: options.batch,
    epochs: options.epochs,
    iterationsPerEpoch: options.iterations,
    learningRate: options.learningRate,
    patience: options.patience,
    seed: options.seed,
    resume: options.resume,
    signal,
    dashboard,
  };
  const result = await runStudy(settings);
  if (options.json !== undefined) await writeResult(options.json, device, result);
  const { evaluation, history, seconds, end } = result;
  const trained = `${history.losses.length} iterations in ${formatDuration(seconds)}`;
  if (evaluation === undefined) {
    console.log(
      `\ninterrupted after ${history.losses.length} iterations; saved. To go on:\n  ${plan.command} --resume`,
    );
    return { how: end, dice: [] };
  }
  console.log(`\n${trained}${end === 'patience' ? ', stopped by patience' : ''}\n\n${evaluation.table}\n`);
  console.log(`pictures, predictions and the chart of the run are in ${options.out}`);
  return { how: end, dice: resultRows(evaluation.summary, scoredRegions(plan.dataSet.labels!)) };
}
