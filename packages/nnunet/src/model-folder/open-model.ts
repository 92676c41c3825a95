/**
 * A trained model, whoever trained it: its plans, what its labels mean, and networks with the weights of its folds. As nnU-Net 2.8's predictor opens
 * one (`initialize_from_trained_model_folder`).
 */
import {
  type DatasetDescription,
  type FileSource,
  type Folder,
  folderFromZip,
  openZip,
  readDatasetJson,
  readText,
} from '@voxelgrad/io';
import { loadStateDict } from '@voxelgrad/nn';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { defaultTrainer, parseModelFolderName } from '../experiment/model-name.ts';
import { isOwnTrainer } from '../experiment/trainer-settings.ts';
import { completeArchitecture } from '../networks/architecture.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { inputChannelsOf, outputChannels } from '../plan/channels.ts';
import { isResidual, networkOfConfiguration, networkOptions, withBatchNorm } from '../plan/network-of-plans.ts';
import { configurationOf, parsePlans } from '../plan/parse-plans.ts';
import type { Configuration, Plans } from '../plan/plans.ts';
import type { Fold } from '../splits/splits.ts';
import { checkFit } from './check-fit.ts';
import { findModels, type ModelLocation } from './locate.ts';
import { type CheckpointDetails, readAll, readCheckpointDetails, readWeightReferences } from './state-dicts.ts';

export interface OpenModelOptions {
  /** File in each fold's folder; `checkpoint_final.pth` by default, and in a MONAI bundle the best model. */
  readonly checkpoint?: string;
  /** Which one, where a folder holds several: `3d_fullres`. */
  readonly configuration?: string;
}

export interface TrainedModel {
  readonly location: ModelLocation;
  readonly plans: Plans;
  readonly description: DatasetDescription;
  readonly configurationName: string;
  readonly configuration: Configuration;
  /** `nnUNetTrainer` */
  readonly trainer: string;
  /** Folds that have the checkpoint; 'all' only where there is no other, as in nnU-Net. */
  readonly folds: readonly Fold[];
  /** Spatial axes along which predictions may be mirrored. */
  readonly mirrorAxes: readonly number[];
  /** The network with a fold's weights. Whoever asks for it disposes of it. */
  readonly loadFold: (fold: Fold, device: Device) => Promise<SegmentationNetwork>;
}

/** Opens a model's folder, one above it, or a ZIP of either. */
export async function openModel(place: Folder | FileSource, options: OpenModelOptions = {}): Promise<TrainedModel> {
  const folder = 'list' in place ? place : folderFromZip(await openZip(place));
  const opened: TrainedModel[] = [];
  for (const location of await findModels(folder)) {
    const model = await openLocation(location, options);
    if (options.configuration === undefined || options.configuration === model.configurationName) opened.push(model);
  }
  if (opened.length === 1) return opened[0]!;
  throw new VoxelgradError('option', {
    what: folder.path,
    expected: options.configuration === undefined ? 'one model' : `one model of configuration ${options.configuration}`,
    got: opened.length === 0 ? 'none' : opened.map(({ location }) => location.path).join(', '),
    help: 'name the folder of one model, or a configuration',
  });
}

async function openLocation(
  location: ModelLocation,
  { checkpoint, configuration: wanted }: OpenModelOptions,
): Promise<TrainedModel> {
  const plans = parsePlans(await readText(location.plans), location.plans.path);
  const description = await readDatasetJson(location.dataset);
  const name = checkpoint ?? defaultCheckpoint(location);
  const folds = foldsWith(location, name);
  const details = await readDetails(location, folds[0]!, name);
  const named = nameParts(location);
  const configurationName = details.configuration ?? named.configuration ?? wanted ?? onlyConfiguration(plans);
  const configuration = configurationOf(plans, configurationName);
  return {
    location,
    plans,
    description,
    configurationName,
    configuration,
    // Of voxelgrad's own trainers only the folder knows: their checkpoints name a class that nnU-Net has.
    trainer: (isOwnTrainer(named.trainer) ? named.trainer : details.trainer) ?? named.trainer ?? defaultTrainer,
    folds,
    mirrorAxes: checkedAxes(details.mirrorAxes ?? [], configuration, location),
    loadFold: async (fold, device) => {
      const source = await checkpointOf(location, fold, name);
      const references = await readWeightReferences(source);
      const [inputs, outputs] = [inputChannelsOf(description, configuration), outputChannels(description.labels)];
      // Plans do not tell of batch norms where a trainer put them in.
      const hasBatchNorm = [...references.keys()].some((key) => key.endsWith('.norm.running_mean'));
      const trained = hasBatchNorm ? withBatchNorm(configuration) : configuration;
      const architecture = completeArchitecture(networkOptions(trained.architecture, inputs, outputs));
      checkFit(architecture, isResidual(configuration.architecture), references, source.path);
      const network = networkOfConfiguration(trained, inputs, outputs, { device });
      loadStateDict(network, await readAll(references));
      return network;
    },
  };
}

/** The file that is there in most folds, of the names that programs give. */
function defaultCheckpoint({ folds, path }: ModelLocation): string {
  const names = [...folds.values()].flatMap(({ checkpoints }) => checkpoints);
  const usual = ['checkpoint_final.pth', 'checkpoint_final.safetensors', 'best_model.pt', 'model.pt'];
  const found = usual.find((name) => names.includes(name));
  if (found !== undefined) return found;
  throw new VoxelgradError('file', {
    what: path,
    expected: usual.join(' or '),
    got: [...new Set(names)].join(', '),
    help: 'training did not end; name the checkpoint to use',
  });
}

function foldsWith({ folds, path }: ModelLocation, checkpoint: string): Fold[] {
  const found = [...folds].filter(([, { checkpoints }]) => checkpoints.includes(checkpoint)).map(([fold]) => fold);
  const numbered = found.filter((fold) => fold !== 'all').sort((a, b) => Number(a) - Number(b));
  if (found.length === 0)
    throw new VoxelgradError('file', { what: path, expected: `${checkpoint} in the folder of a fold`, got: 'none' });
  return numbered.length > 0 ? numbered : found;
}

async function checkpointOf({ folds, path }: ModelLocation, fold: Fold, name: string): Promise<FileSource> {
  const source = await folds.get(fold)?.folder.file(name);
  if (source !== undefined) return source;
  const trained = [...folds].filter(([, { checkpoints }]) => checkpoints.includes(name)).map(([key]) => key);
  throw new VoxelgradError('option', {
    what: `fold ${fold} of ${path}`,
    expected: `a fold with ${name}: ${trained.join(', ')}`,
    got: folds.get(fold)?.checkpoints.join(', ') ?? 'none',
    help: `Name the folds that were trained: -f ${trained.join(' ')}`,
  });
}

/** A bundle's own file tells more than the weights beside it. */
async function readDetails(location: ModelLocation, fold: Fold, checkpoint: string): Promise<CheckpointDetails> {
  const details = await readCheckpointDetails(await checkpointOf(location, fold, checkpoint));
  return location.details === undefined ? details : { ...details, ...(await readCheckpointDetails(location.details)) };
}

/** `trainer` and `configuration` that a folder is named after, where it is named as nnU-Net names it. */
function nameParts({ name }: ModelLocation): { readonly trainer?: string; readonly configuration?: string } {
  return name.split('__').length === 3 ? parseModelFolderName(name) : {};
}

function onlyConfiguration({ configurations, plans_name }: Plans): string {
  const names = Object.keys(configurations);
  if (names.length === 1) return names[0]!;
  throw new VoxelgradError('option', {
    what: `the model of ${plans_name}`,
    expected: `a configuration: ${names.join(', ')}`,
    got: 'none, neither in the checkpoint nor in the name of its folder',
    help: 'name the configuration',
  });
}

function checkedAxes(
  axes: readonly number[],
  { patch_size }: Configuration,
  { path }: ModelLocation,
): readonly number[] {
  if (axes.every((axis, i) => axis < patch_size.length && axes.indexOf(axis) === i)) return axes;
  throw new VoxelgradError('format', {
    what: path,
    expected: `axes to mirror below ${patch_size.length}, each once`,
    got: axes.join(', '),
  });
}
