/**
 * Trained models as one ZIP, as nnUNetv2_export_model_to_zip writes it: paths relative to nnU-Net's results, plans, fingerprint, labels, and of each fold
 * the checkpoints, the chart and the validation's scores; with cross-validation's postprocessing. nnU-Net installs it, and `openModel` opens it as it is.
 */
import { encodeZip, type FileSource, type Folder, readRange, type ZipMember } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { foldsName } from '../experiment/model-name.ts';
import type { Fold } from '../splits/splits.ts';

export interface ModelExportOptions {
  /** Names of the models' folders: `nnUNetTrainer__nnUNetPlans__3d_fullres`. */
  readonly models: readonly string[];
  readonly folds: readonly Fold[];
  /** `checkpoint_final.pth` by default. */
  readonly checkpoints?: readonly string[];
  /** Also the segmentations of cross-validation, not only their scores. */
  readonly predictions?: boolean;
}

/** The ZIP's bytes. `dataset`: the folder `DatasetXXX_NAME` in nnU-Net's results. Throws 'file' where a model lacks what it must have. */
export async function* encodeModelZip(
  dataset: Folder,
  { models, folds, checkpoints = ['checkpoint_final.pth'], predictions = false }: ModelExportOptions,
): AsyncIterable<Uint8Array> {
  const paths: string[] = [];
  for (const model of models) {
    for (const fold of folds)
      paths.push(...(await foldFiles(dataset, `${model}/fold_${fold}`, checkpoints, predictions)));
    const scores = `${model}/crossval_results_folds_${foldsName(folds)}`;
    paths.push(...(await scoreFiles(dataset, scores, predictions)));
    paths.push(...(await required(dataset, [`${model}/plans.json`, `${model}/dataset.json`])));
    paths.push(...(await present(dataset, [`${model}/dataset_fingerprint.json`])));
  }
  for (const ensemble of await matchingEnsembles(dataset, models))
    paths.push(...(await scoreFiles(dataset, `ensembles/${ensemble}`, predictions)));
  paths.push(...(await present(dataset, ['inference_information.json', 'inference_instructions.txt'])));
  yield* encodeZip(members(dataset, paths));
}

async function* members(dataset: Folder, paths: readonly string[]): AsyncIterable<ZipMember> {
  for (const path of paths) {
    const source = (await dataset.file(path)) as FileSource;
    yield { name: `${dataset.name}/${path}`, bytes: await readRange(source, 0, source.size), deflated: true };
  }
}

async function foldFiles(
  dataset: Folder,
  folder: string,
  checkpoints: readonly string[],
  predictions: boolean,
): Promise<string[]> {
  const inside = (name: string): string => `${folder}/${name}`;
  return [
    ...(await required(dataset, checkpoints.map(inside))),
    ...(await present(dataset, ['debug.json', 'progress.png', 'network_architecture.pdf'].map(inside))),
    ...(await scoreFiles(dataset, inside('validation'), predictions)),
  ];
}

/** What tells how good predictions are and what to do with them; with `predictions` also these, but not their probabilities. */
async function scoreFiles(dataset: Folder, folder: string, predictions: boolean): Promise<string[]> {
  const names = ['summary.json', 'postprocessing.pkl', 'postprocessing.json'];
  if (!predictions)
    return present(
      dataset,
      names.map((name) => `${folder}/${name}`),
    );
  if ((await present(dataset, [`${folder}/summary.json`])).length === 0) return [];
  const { files } = await dataset.folder(folder).list();
  return files.filter((name) => !/\.(npz|pkl)$/.test(name) || names.includes(name)).map((name) => `${folder}/${name}`);
}

/** Ensembles of two of these models. */
async function matchingEnsembles(dataset: Folder, models: readonly string[]): Promise<string[]> {
  if (!(await dataset.list()).folders.includes('ensembles')) return [];
  const { folders } = await dataset.folder('ensembles').list();
  return folders.filter((name) => {
    const [kind, first, second] = name.split('___');
    return kind === 'ensemble' && [first, second].every((model) => model !== undefined && models.includes(model));
  });
}

async function present(dataset: Folder, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) if ((await dataset.file(path)) !== undefined) found.push(path);
  return found;
}

async function required(dataset: Folder, paths: readonly string[]): Promise<readonly string[]> {
  const found = await present(dataset, paths);
  const missing = paths.find((path) => !found.includes(path));
  if (missing === undefined) return paths;
  throw new VoxelgradError('file', {
    what: `${dataset.path}/${missing}`,
    got: 'no such file',
    help: 'export folds that are trained to their end, or name another checkpoint',
  });
}
