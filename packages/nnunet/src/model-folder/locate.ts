/**
 * Where the parts of a trained model lie: in a folder as nnU-Net's trainer leaves it, in one of nnU-Net's results or of an exported ZIP, which hold
 * several, or in a MONAI bundle (monai/apps/nnunet/nnunet_bundle.py).
 */
import type { FileSource, Folder } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { parseFold } from '../experiment/model-name.ts';
import type { Fold } from '../splits/splits.ts';

export interface ModelLocation {
  /** Where it was found. */
  readonly path: string;
  /** Last part of the path: `nnUNetTrainer__nnUNetPlans__3d_fullres`. */
  readonly name: string;
  readonly plans: FileSource;
  readonly dataset: FileSource;
  /** A bundle keeps apart what nnU-Net has in its checkpoints: trainer, configuration, mirroring. */
  readonly details?: FileSource;
  /** Names of files with weights, by fold. */
  readonly folds: ReadonlyMap<Fold, { readonly folder: Folder; readonly checkpoints: readonly string[] }>;
}

/** Folders inside folders that are looked through: results/Dataset/model is two. */
const deepest = 4;
const endings = ['.pth', '.pt', '.safetensors'];

/** All models in a folder and below. Throws 'dataset' where there is none. */
export async function findModels(folder: Folder): Promise<ModelLocation[]> {
  const found: ModelLocation[] = [];
  await search(folder, undefined, 0, found);
  if (found.length > 0) return found;
  throw new VoxelgradError('dataset', {
    what: folder.path,
    expected: 'a trained model: plans.json, dataset.json and folders fold_0, fold_1, … or fold_all with checkpoints',
    got: (await folder.list()).files.join(', ').slice(0, 200) || 'no files',
    help: 'name the folder that holds plans.json, or one above it',
  });
}

interface Descriptions {
  readonly plans: FileSource;
  readonly dataset: FileSource;
}

/** `inherited`: what a bundle has in a folder above or beside. */
async function search(
  folder: Folder,
  inherited: Descriptions | undefined,
  depth: number,
  found: ModelLocation[],
): Promise<void> {
  const { folders } = await folder.list();
  const descriptions = (await descriptionsIn(folder)) ?? (await descriptionsIn(folder.folder('jsonpkls'))) ?? inherited;
  const folds = await foldsIn(folder, folders);
  if (descriptions !== undefined && folds.size > 0) {
    const details = await folder.file('nnunet_checkpoint.pth');
    const { path, name } = folder;
    found.push({ path, name, ...descriptions, folds, ...(details === undefined ? {} : { details }) });
    return;
  }
  if (depth < deepest) for (const name of folders) await search(folder.folder(name), descriptions, depth + 1, found);
}

async function descriptionsIn(folder: Folder): Promise<Descriptions | undefined> {
  const [plans, dataset] = [await folder.file('plans.json'), await folder.file('dataset.json')];
  return plans === undefined || dataset === undefined ? undefined : { plans, dataset };
}

async function foldsIn(folder: Folder, folders: readonly string[]): Promise<ModelLocation['folds']> {
  const found = new Map<Fold, { folder: Folder; checkpoints: readonly string[] }>();
  for (const name of folders) {
    const [, fold] = /^fold_(\d+|all)$/.exec(name) ?? [];
    if (fold === undefined) continue;
    const inside = folder.folder(name);
    const checkpoints = (await inside.list()).files.filter((file) => endings.some((ending) => file.endsWith(ending)));
    if (checkpoints.length > 0) found.set(parseFold(fold), { folder: inside, checkpoints });
  }
  return found;
}
