/** Plans on disk: made from a data set's dataset.json and fingerprint, kept below `nnUNet_preprocessed` beside them. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDatasetJson } from '@voxelgrad/io/datasets';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node/disk';
import { VoxelgradError } from '@voxelgrad/tensor';
import { fingerprintFile, parseFingerprint } from '../../fingerprint/fingerprint.ts';
import { JsonReader } from '../../json/json-reader.ts';
import { outputChannels } from '../channels.ts';
import { parsePlans } from '../parse-plans.ts';
import { type PlannerOptions, planExperiment } from '../planner.ts';
import { formatPlans, type Plans } from '../plans.ts';
import type { MemoryToFit } from './training-memory.ts';

/**
 * Writes `PLANS.json` and dataset.json into the data set's preprocessed folder, and splits_final.json if the raw one has it. Configurations that someone
 * added to plans of that name stay. With `memory`, plans are the largest that voxelgrad trains within it. Throws 'dataset' where the fingerprint is missing.
 */
export async function planDataSet(
  datasetName: string,
  rawFolder: string,
  preprocessedFolder: string,
  options: PlannerOptions,
  memory?: MemoryToFit,
): Promise<Plans> {
  const fingerprintPath = join(preprocessedFolder, fingerprintFile);
  if (!existsSync(fingerprintPath))
    throw new VoxelgradError('dataset', {
      what: fingerprintPath,
      expected: 'the fingerprint of the data set',
      got: 'nothing there',
      help: 'Run voxelgrad fingerprint first, or voxelgrad plan-and-preprocess.',
    });
  const description = await readDatasetJson(await openFile(join(rawFolder, 'dataset.json')));
  const fingerprint = parseFingerprint(await readFile(fingerprintPath, 'utf8'), fingerprintPath);
  const planFor = (more: PlannerOptions): Plans =>
    planExperiment(datasetName, description, fingerprint, { ...options, ...more });
  const classes = outputChannels(description.labels);
  const fitted = async (memory: MemoryToFit): Promise<PlannerOptions> => {
    // It brings all that trains.
    const { fittingTargets } = await import('./training-memory.ts');
    return { memory: await fittingTargets((targets) => planFor({ memory: targets }), classes, memory) };
  };
  const plans = planFor(memory === undefined ? {} : await fitted(memory));
  const path = join(preprocessedFolder, `${plans.plans_name}.json`);
  const kept = existsSync(path) ? addedConfigurations(plans, parsePlans(await readFile(path, 'utf8'), path)) : plans;
  await mkdir(preprocessedFolder, { recursive: true });
  await writeFileAtomic(path, formatPlans(kept));
  await copyAtomic(join(rawFolder, 'dataset.json'), join(preprocessedFolder, 'dataset.json'));
  await copySplits(join(rawFolder, 'splits_final.json'), join(preprocessedFolder, 'splits_final.json'));
  return kept;
}

/** `plans`, with the configurations of `old` that no planner makes. */
function addedConfigurations(plans: Plans, old: Plans): Plans {
  const planned = ['2d', '3d_lowres', '3d_fullres', '3d_cascade_fullres'];
  const added = Object.entries(old.configurations).filter(([name]) => !planned.includes(name));
  return { ...plans, configurations: { ...plans.configurations, ...Object.fromEntries(added) } };
}

async function copyAtomic(from: string, to: string): Promise<void> {
  await writeFileAtomic(to, await readFile(from));
}

/** Folds that come with a data set must be those that are in use already. */
async function copySplits(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  if (!existsSync(to)) return copyFile(from, to);
  const read = async (path: string): Promise<string> =>
    JSON.stringify(JsonReader.parse(await readFile(path, 'utf8'), path).raw);
  if ((await read(from)) !== (await read(to)))
    throw new VoxelgradError('dataset', {
      what: to,
      expected: `the splits of ${from}`,
      got: 'others',
      help: 'Remove one of the two files.',
    });
}
