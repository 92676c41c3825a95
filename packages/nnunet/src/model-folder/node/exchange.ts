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
}

/** Writes the ZIP, atomically. Returns the files in it. Throws 'file' where a fold lacks a checkpoint. */
export async function exportModels(path: string, exported: ExportedModels): Promise<string[]> {
  const files = exported.models.flatMap((model) => filesOf(model, exported));
  const dataset = exported.datasetName;
  const shared = ['inference_information.json', 'inference_instructions.txt'].map((name) => join(dataset, name));
  const ensembles = join(dataset, 'ensembles');
  const pairs = existsSync(join(exported.results, ensembles)) ? await readdir(join(exported.results, ensembles)) : [];
  const names = exported.models.map(modelFolderName);
  for (const pair of pairs)
    if (
      pair
        .split('___')
        .slice(1, 3)
        .every((name) => names.includes(name))
    )
      shared.push(...qualityFiles(join(ensembles, pair)));
  for (const { name, required } of files)
    if (required && !existsSync(join(exported.results, name)))
      throw new VoxelgradError('file', {
        what: join(exported.results, name),
        expected: 'a file of a trained model',
        got: 'nothing there',
        help: 'Name the folds that are trained, or another checkpoint.',
      });
  const present = [...files.map(({ name }) => name), ...shared].filter((name) =>
    existsSync(join(exported.results, name)),
  );
  await writeFileAtomic(path, encodeZip(membersOf(exported.results, present)));
  return present;
}

interface ExportedFile {
  readonly name: string;
  readonly required: boolean;
}

function filesOf(model: ModelName, { datasetName, folds, checkpoints }: ExportedModels): ExportedFile[] {
  const folder = join(datasetName, modelFolderName(model));
  const optional = (name: string): ExportedFile => ({ name, required: false });
  return [
    ...['plans.json', 'dataset.json'].map((name) => ({ name: join(folder, name), required: true })),
    optional(join(folder, 'dataset_fingerprint.json')),
    ...folds.flatMap((fold) => {
      const inside = join(folder, `fold_${fold}`);
      return [
        ...checkpoints.map((name) => ({ name: join(inside, name), required: true })),
        ...[
          'debug.json',
          'progress.png',
          'network_architecture.pdf',
          'training_log.jsonl',
          'validation/summary.json',
        ].map((name) => optional(join(inside, name))),
      ];
    }),
    ...qualityFiles(join(folder, `crossval_results_folds_${foldsName(folds)}`)).map(optional),
  ];
}

const qualityFiles = (folder: string): string[] =>
  ['summary.json', 'postprocessing.json', 'postprocessing.pkl', 'plans.json', 'dataset.json'].map((name) =>
    join(folder, name),
  );

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
