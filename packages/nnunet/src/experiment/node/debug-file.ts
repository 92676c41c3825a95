/**
 * `debug.json`: with what a fold was trained, as texts under the names of nnU-Net's trainer (`_save_debug_information`). What only PyTorch has is left
 * out, or None.
 */
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@voxelgrad/io/node';
import type { Device } from '@voxelgrad/tensor';
import { formatPythonJson } from '../../evaluate/python-json.ts';
import { inputChannelsOf, previousStageOf } from '../../plan/channels.ts';
import type { Fold } from '../../splits/splits.ts';
import type { TrainerSettings } from '../trainer-settings.ts';
import type { FoldCases, PreprocessedDataSet } from './preprocessed.ts';

export interface DebugInformation {
  readonly dataSet: PreprocessedDataSet;
  readonly cases: FoldCases;
  readonly configuration: string;
  readonly fold: Fold;
  readonly trainerName: string;
  readonly trainer: TrainerSettings;
  readonly mirrorAxes: readonly number[];
  readonly device: Device;
  readonly seed: number;
  readonly mixedPrecision: boolean;
  readonly checkpointing: boolean;
  readonly logFile: string;
}

export async function writeDebugFile(folder: string, run: DebugInformation): Promise<void> {
  const { dataSet, cases, trainer, device } = run;
  const { configuration } = cases;
  const { architecture, data_identifier } = configuration;
  const values: Readonly<Record<string, unknown>> = {
    trainer_name: run.trainerName,
    trainer,
    configuration_name: run.configuration,
    configuration_manager: configuration,
    plans_manager: { ...dataSet.plans, configurations: Object.keys(dataSet.plans.configurations) },
    dataset_json: dataSet.description,
    fold: run.fold,
    batch_size: configuration.batch_size,
    network: architecture.network_class_name.split('.').at(-1),
    num_input_channels: inputChannelsOf(dataSet.description, configuration),
    enable_deep_supervision: trainer.deepSupervision !== false,
    is_cascaded: previousStageOf(configuration) !== undefined,
    inference_allowed_mirroring_axes: run.mirrorAxes,
    initial_lr: trainer.learningRate,
    weight_decay: trainer.weightDecay,
    oversample_foreground_percent: trainer.foreground,
    num_epochs: trainer.epochs,
    num_iterations_per_epoch: trainer.iterationsPerEpoch,
    num_val_iterations_per_epoch: trainer.validationIterations,
    loss: trainer.loss,
    optimizer: trainer.optimizer,
    disable_checkpointing: !run.checkpointing,
    is_ddp: false,
    local_rank: 0,
    seed: run.seed,
    mixed_precision: run.mixedPrecision,
    log_file: run.logFile,
    output_folder: folder,
    output_folder_base: dirname(folder),
    preprocessed_dataset_folder: join(dataSet.folder, data_identifier),
    preprocessed_dataset_folder_base: dataSet.folder,
    device: device.kind,
    gpu_name: device.description,
    hostname: hostname(),
    node_version: process.version,
    torch_version: null,
    cudnn_version: null,
  };
  const texts = Object.entries(values).map(([name, value]) => [name, asText(value)]);
  await writeFileAtomic(join(folder, 'debug.json'), formatPythonJson(Object.fromEntries(texts)));
}

/** True, False and None as Python writes them. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(value);
}
