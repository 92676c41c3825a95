/**
 * Trained models as one ZIP, with paths as below `nnUNet_results`, to give away and to install elsewhere (nnunetv2/model_sharing). Weights, plans, what
 * is known of their quality and the postprocessing go in; predictions and what only serves to train on stay out.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeZip, openZip, type ZipArchive, type ZipMember } from '@voxelgrad/io';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { foldsName, type ModelName, modelFolderName } from '../../experiment/model-name.ts';
import type { Fold } from '../../splits/splits.ts';

export interface ExportedModels {
  /** `nnUNet_results`. */
  readonly results: string;
  readonly datasetName: string;
  readonly models: readonly ModelName[];
  readonly folds: readonly Fold[];
  /** `checkpoint_final.pth`. */
  readonly checkpoints: readonly string[];
  /** Whether all models and folds must be trained; true by default, else what is missing is left out. */
  readonly strict?: boolean;
  /** Whether the predictions of the cross-validation are packed too. */
  readonly crossValidationPredictions?: boolean;
}

/** Writes the ZIP, atomically. Returns the files in it. Throws 'file' where a fold lacks a checkpoint. */
export async function exportModels(path: string, exported: ExportedModels): Promise<string[]> {
  const { results, datasetName: dataset } = exported;
  const files: string[] = [];
  for (const model of exported.models) files.push(...(await filesOf(model, exported)));
  if (files.length === 0)
    throw new VoxelgradError('dataset', {
      what: join(results, dataset),
      expected: 'a trained model of what was named',
      got: 'none',
    });
  for (const ensemble of await ensemblesOf(exported)) files.push(...(await qualityFiles(ensemble, exported)));
  for (const name of ['inference_information.json', 'inference_instructions.txt'])
    files.push(...present(results, [join(dataset, name)]));
  await writeFileAtomic(path, encodeZip(membersOf(results, files)));
  return files;
}

/** Of a model that is not there, nothing; unless it must be. */
async function filesOf(model: ModelName, exported: ExportedModels): Promise<string[]> {
  const { results, datasetName, folds, checkpoints, strict = true } = exported;
  const folder = join(datasetName, modelFolderName(model));
  const isTrained = (fold: Fold): boolean =>
    checkpoints.every((name) => existsSync(join(results, folder, `fold_${fold}`, name)));
  const kept = strict ? folds : folds.filter(isTrained);
  if (kept.length === 0) return [];
  const required = [
    ...['plans.json', 'dataset.json'].map((name) => join(folder, name)),
    ...kept.flatMap((fold) => checkpoints.map((name) => join(folder, `fold_${fold}`, name))),
  ];
  const missing = required.find((name) => !existsSync(join(results, name)));
  if (missing !== undefined)
    throw new VoxelgradError('file', {
      what: join(results, missing),
      expected: 'a file of a trained model',
      got: 'nothing there',
      help: 'Name the folds that are trained, or another checkpoint; --no-strict leaves out what is missing.',
    });
  const files = [...required, ...present(results, [join(folder, 'dataset_fingerprint.json')])];
  for (const fold of kept) files.push(...(await runFiles(join(folder, `fold_${fold}`), exported)));
  files.push(...(await qualityFiles(join(folder, `crossval_results_folds_${foldsName(folds)}`), exported)));
  return files;
}

const present = (results: string, names: readonly string[]): string[] =>
  names.filter((name) => existsSync(join(results, name)));

/** What a run left of itself, beside its weights. */
async function runFiles(fold: string, exported: ExportedModels): Promise<string[]> {
  const told = ['debug.json', 'progress.png', 'network_architecture.pdf', 'training_log.jsonl'];
  const validation = exported.crossValidationPredictions
    ? await predictionsIn(join(fold, 'validation'), exported)
    : [join(fold, 'validation', 'summary.json')];
  return present(exported.results, [...told.map((name) => join(fold, name)), ...validation]);
}

/** How good predictions of a cross-validation are and what improves them; on request the predictions too. */
async function qualityFiles(folder: string, exported: ExportedModels): Promise<string[]> {
  if (exported.crossValidationPredictions) return predictionsIn(folder, exported);
  const names = ['summary.json', 'postprocessing.json', 'postprocessing.pkl', 'plans.json', 'dataset.json'];
  return present(
    exported.results,
    names.map((name) => join(folder, name)),
  );
}

/** Probabilities stay behind: they are many times as large, and serve ensembles only. */
async function predictionsIn(folder: string, { results }: ExportedModels): Promise<string[]> {
  if (!existsSync(join(results, folder))) return [];
  const entries = await readdir(join(results, folder), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const isProbabilities = (name: string): boolean =>
    name.endsWith('.npz') || (name.endsWith('.pkl') && names.includes(name.replace(/pkl$/, 'npz')));
  return names
    .filter((name) => !isProbabilities(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The ensembles whose members all go along. */
async function ensemblesOf({ results, datasetName, models }: ExportedModels): Promise<string[]> {
  const folder = join(datasetName, 'ensembles');
  if (!existsSync(join(results, folder))) return [];
  const exported = models.map(modelFolderName);
  const members = (pair: string): string[] => pair.split('___').slice(1, 3);
  return (await readdir(join(results, folder)))
    .filter((pair) => members(pair).every((name) => exported.includes(name)))
    .map((pair) => join(folder, pair));
}

async function* membersOf(root: string, names: readonly string[]): AsyncIterable<ZipMember> {
  for (const name of names) yield { name, bytes: await readFile(join(root, name)), deflated: !name.endsWith('.pth') };
}

/** Unpacks a ZIP of models below `results`. Returns the folders of the models. Throws 'format' for what is no export, 'file' where a model is there already. */
export async function installModels(path: string, results: string, overwrite: boolean): Promise<string[]> {
  const archive = await openZip(await openFile(path));
  const names = [...archive.entries.keys()].filter((name) => !name.endsWith('/'));
  const models = modelsIn(names, path);
  for (const model of models)
    if (!overwrite && existsSync(join(results, model)))
      throw new VoxelgradError('file', {
        what: join(results, model),
        expected: 'no model of that name',
        got: 'one',
        help: 'Pass --overwrite to replace its files.',
      });
  for (const name of names) await unpack(archive, name, join(results, name));
  return models;
}

/** Folders with plans.json and a checkpoint below. Names that would leave the folder, or do not begin with a data set, are refused. */
function modelsIn(names: readonly string[], path: string): string[] {
  const odd = names.find((name) => !/^Dataset\d{3,}_[^/\\]+\//.test(name) || /(^|\/)\.\.?(\/|$)|[\\:\0]/.test(name));
  const models = names
    .filter((name) => name.endsWith('/plans.json') && /__/.test(name))
    .map((name) => dirname(name))
    .filter((folder) => names.some((name) => name.startsWith(`${folder}/fold_`)));
  if (odd === undefined && models.length > 0) return models;
  throw new VoxelgradError('format', {
    what: path,
    expected: 'models as nnU-Net exports them: DatasetXXX_NAME/TRAINER__PLANS__CONFIGURATION/…',
    got: odd ?? 'no model',
  });
}

async function unpack(archive: ZipArchive, name: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await writeFileAtomic(target, await archive.read(archive.entries.get(name)!));
}
