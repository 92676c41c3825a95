/** `voxelgrad predict` and `voxelgrad predict-from-modelfolder`: nnUNetv2_predict and nnUNetv2_predict_from_modelfolder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openImages } from '@voxelgrad/io';
import { openFile, openFolder, writeFileAtomic } from '@voxelgrad/io/node';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { formatPythonJson } from '../evaluate/python-json.ts';
import { parseFold } from '../experiment/model-name.ts';
import { trainedModelFolder } from '../experiment/node/trained-models.ts';
import { openModel, type TrainedModel } from '../model-folder/open-model.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { predictFolder } from '../predict/node/predict-folder.ts';
import { compileBar } from '../terminal/compile-bar.ts';
import { counted } from '../terminal/counted.ts';
import type { OptionSpecs, OptionValues } from '../terminal/option-spec.ts';
import { Progress } from '../terminal/progress.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { deviceOptions, onDevice } from './device-options.ts';
import { datasetName, rootFolder, rootOptions } from './folders.ts';
import { modelOptions } from './model-options.ts';

/** What both commands take. */
const predictOptions = {
  input: {
    type: 'string',
    short: 'i',
    required: true,
    placeholder: 'folder',
    help: 'Images CASE_0000.nii.gz, CASE_0001.nii.gz, …: one file for each channel.',
  },
  output: { type: 'string', short: 'o', required: true, placeholder: 'folder', help: 'Where segmentations go.' },
  checkpoint: { type: 'string', aliases: ['-chk'], help: 'File with weights, of each fold; checkpoint_final.pth.' },
  stepSize: {
    type: 'number',
    minimum: 0.05,
    maximum: 1,
    default: 0.5,
    aliases: ['-step_size'],
    help: 'Step between windows, as a share of the patch.',
  },
  mirroring: {
    type: 'boolean',
    default: true,
    help: 'Average over mirrored images too: better, and up to eight times as long.',
  },
  disableTta: { type: 'boolean', aliases: ['--disable_tta'], help: "nnU-Net's word for --no-mirroring." },
  batchSize: {
    type: 'integer',
    minimum: 1,
    default: 1,
    placeholder: 'windows',
    help: 'Windows, and mirrored copies of them, that go through the network together: more memory, and less time where a window leaves a GPU idle.',
  },
  saveProbabilities: {
    type: 'boolean',
    aliases: ['--save_probabilities', '--npz'],
    help: 'Also write probabilities, for ensembles.',
  },
  resume: { type: 'boolean', aliases: ['--continue_prediction', '--c'], help: 'Pass over cases that are there.' },
  previousPredictions: {
    type: 'string',
    aliases: ['-prev_stage_predictions'],
    placeholder: 'folder',
    help: 'For a cascade: predictions of the stage before.',
  },
  numParts: {
    type: 'integer',
    minimum: 1,
    default: 1,
    aliases: ['-num_parts'],
    help: 'Share the cases among so many runs, on several machines or devices.',
  },
  partId: { type: 'integer', minimum: 0, default: 0, aliases: ['-part_id'], help: 'Which share is predicted, from 0.' },
  preprocessingProcesses: {
    type: 'integer',
    minimum: 0,
    aliases: ['-npp'],
    help: "nnU-Net's number of processes that prepare images.",
    noEffect: 'each image is prepared by one thread, when its turn comes',
  },
  exportProcesses: {
    type: 'integer',
    minimum: 0,
    aliases: ['-nps'],
    help: "nnU-Net's number of processes that write segmentations.",
    noEffect: 'one case is written while the next is predicted',
  },
  notOnDevice: {
    type: 'boolean',
    aliases: ['--not_on_device'],
    help: "nnU-Net's word for summing windows in main memory.",
    noEffect: 'windows are always summed in main memory',
  },
  ...deviceOptions,
  verbose: { type: 'boolean', help: 'Print a line for each case, with its windows and seconds.' },
  progress: {
    type: 'boolean',
    default: true,
    aliases: ['--progress_bar'],
    negations: ['--disable_progress_bar'],
    help: 'Show progress.',
  },
} as const satisfies OptionSpecs;

export const predict = defineCommand(
  {
    name: 'voxelgrad predict',
    options: {
      ...predictOptions,
      dataset: { type: 'string', short: 'd', required: true, help: 'Number or name of the data set.' },
      ...modelOptions,
      results: rootOptions.results,
    },
    examples: [
      'voxelgrad predict -i images -o predictions -d 4 -c 3d_fullres',
      'voxelgrad predict -i images -o predictions -d 4 -c 3d_fullres -f 0 --no-mirroring',
    ],
  },
  async ({ options }, context) => {
    const results = rootFolder('results', options, context);
    const folder = join(results, await datasetName(options.dataset, [results]));
    await predictWith(await trainedModelFolder(folder, options), options, options.folds, context);
  },
);

export const predictFromModelFolder = defineCommand(
  {
    name: 'voxelgrad predict-from-modelfolder',
    options: {
      ...predictOptions,
      model: {
        type: 'string',
        short: 'm',
        required: true,
        placeholder: 'folder',
        help: 'Folder with plans.json, dataset.json and folds; or a ZIP as nnU-Net exports it.',
      },
      configuration: { type: 'string', short: 'c', help: 'Which model, where there are several.' },
      folds: { type: 'list', short: 'f', many: true, help: 'Folds; all that are there unless told.' },
    },
    examples: ['voxelgrad predict-from-modelfolder -i images -o predictions -m nnUNetTrainer__nnUNetPlans__3d_fullres'],
  },
  async ({ options }, context) => predictWith(options.model, options, options.folds, context),
);

async function predictWith(
  place: string,
  options: OptionValues<typeof predictOptions> & { readonly configuration?: string | undefined },
  foldNames: readonly string[] | undefined,
  context: CommandContext,
): Promise<void> {
  const model = await openModel(/\.zip$/i.test(place) ? await openFile(place) : await openFolder(place), {
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    ...(options.configuration === undefined ? {} : { configuration: options.configuration }),
  });
  const { description, plans, configuration } = model;
  const fileEnding = description.fileEnding ?? '.nii.gz';
  const all = await openImages(await openFolder(options.input), { channelNames: description.channelNames, fileEnding });
  const cases = all.filter((_, i) => i % options.numParts === options.partId);
  if (options.partId >= options.numParts)
    throw new VoxelgradError('option', {
      what: '--part-id',
      expected: `a number below ${options.numParts}, the number of parts`,
      got: String(options.partId),
    });
  await onDevice(options, async (device) => {
    const folds = foldNames?.map(parseFold) ?? model.folds;
    context.print(
      `${model.location.name}, fold${folds.length > 1 ? 's' : ''} ${folds.join(', ')}, on ${device.kind} (${device.description})`,
    );
    const networks = await loadFolds(model, folds, device);
    const bar = options.progress
      ? new Progress({ total: cases.length, label: 'predicting', unit: 'case', stream: context.status })
      : undefined;
    await describePredictions(model, options);
    let windowsOfCase = 0;
    let start = performance.now();
    const predicted = await predictFolder(
      {
        plans,
        configuration,
        description,
        networks,
        device,
        mirrorAxes: model.mirrorAxes,
      },
      {
        cases,
        output: options.output,
        fileEnding,
        step: options.stepSize,
        batchSize: options.batchSize,
        mirror: options.mirroring && !options.disableTta,
        saveProbabilities: options.saveProbabilities,
        resume: options.resume,
        previousFolder: options.previousPredictions,
        signal: context.signal,
        ...(options.progress ? { onCompile: compileBar(context.status) } : {}),
        onWindow: (name, done, windows) => {
          windowsOfCase = windows;
          bar?.advance(0, `${name}: window ${done} of ${windows}`);
        },
        onCase: (name) => {
          bar?.advance(1, name);
          if (options.verbose) {
            const seconds = ((performance.now() - start) / 1000).toFixed(1);
            const line = `${name}: ${windowsOfCase === 0 ? 'was there' : `${windowsOfCase} windows, ${seconds} s`}`;
            if (bar === undefined) context.status.write(`${line}\n`);
            else bar.log(line);
          }
          windowsOfCase = 0;
          start = performance.now();
        },
      },
    );
    bar?.finish();
    for (const network of networks) network.dispose();
    context.print(
      `${counted(predicted.length, 'segmentation')}${predicted.length < cases.length ? `, ${cases.length - predicted.length} were there` : ''}`,
    );
    context.print(options.output);
  });
}

async function loadFolds(
  model: TrainedModel,
  folds: TrainedModel['folds'],
  device: Device,
): Promise<SegmentationNetwork[]> {
  const networks: SegmentationNetwork[] = [];
  for (const fold of folds) networks.push(await model.loadFold(fold, device));
  return networks;
}

/** What ensembling, evaluation and postprocessing look for beside predictions, and how these are made, as nnU-Net leaves it. */
async function describePredictions(
  { location }: TrainedModel,
  options: OptionValues<typeof predictOptions>,
): Promise<void> {
  const { output } = options;
  await mkdir(output, { recursive: true });
  for (const source of [location.plans, location.dataset])
    await writeFileAtomic(join(output, source.name), source.stream());
  const given = {
    list_of_lists_or_source_folder: options.input,
    output_folder_or_list_of_truncated_output_files: output,
    save_probabilities: options.saveProbabilities,
    overwrite: !options.resume,
    num_processes_preprocessing: options.preprocessingProcesses ?? 1,
    num_processes_segmentation_export: options.exportProcesses ?? 1,
    folder_with_segs_from_prev_stage: options.previousPredictions ?? null,
    num_parts: options.numParts,
    part_id: options.partId,
  };
  await writeFileAtomic(join(output, 'predict_from_raw_data_args.json'), formatPythonJson(given));
}
