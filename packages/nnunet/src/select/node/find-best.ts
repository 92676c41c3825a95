/**
 * Compares all models of a data set and all pairs of them in cross-validation, finds the postprocessing of the best, and writes down how to predict with
 * it (nnunetv2/evaluation/find_best_configuration.py).
 */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Labels, readText } from '@voxelgrad/io';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node';
import { formatPythonJson } from '../../evaluate/python-json.ts';
import { ensembleName, type ModelName, modelFolderName, shortNames } from '../../experiment/model-name.ts';
import { trainedModelFolder } from '../../experiment/node/trained-models.ts';
import { previousStageOf } from '../../plan/channels.ts';
import { configurationOf, parsePlans } from '../../plan/parse-plans.ts';
import { determineForFolder, roundName } from '../../postprocess/node/folders.ts';
import type { Fold } from '../../splits/splits.ts';
import { bestCandidate, type Candidate, pairsOf } from '../best.ts';
import { accumulateCrossValidation, scoreMerged, validationFolder } from './accumulate.ts';
import { casesOf, ensembleFolders } from './ensemble.ts';

export interface FindBestOptions {
  /** `…/nnUNet_results/Dataset004_Hippocampus`. */
  readonly resultsFolder: string;
  readonly datasetName: string;
  readonly referenceFolder: string;
  readonly models: readonly ModelName[];
  readonly folds: readonly Fold[];
  readonly labels: Labels;
  readonly fileEnding: string;
  readonly ensembles: boolean;
  /** Whether merged and ensembled predictions that are there already are made again; true by default. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** What is being done now, and each case of it that is done. */
  readonly onStep?: (what: string) => void;
  readonly onCase?: (name: string, cases: number) => void;
}

export interface BestConfiguration {
  /** The best first. */
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
  readonly diceAfterPostprocessing: number;
  /** The postprocessing.json of the best. */
  readonly postprocessing: string;
  /** What inference_instructions.txt says: the commands that predict with the best. */
  readonly instructions: string;
}

export async function findBestConfiguration(options: FindBestOptions): Promise<BestConfiguration> {
  const { resultsFolder, models, referenceFolder, onStep, onCase } = options;
  const nameOf = shortNames(models);
  for (const model of models) await trainedModelFolder(resultsFolder, model);
  const pairs = options.ensembles ? pairsOf(models) : [];
  // What is missing is told before the work begins.
  for (const pair of pairs) await casesOf(validationFolders(pair, options));
  const candidates: Candidate[] = [];
  for (const model of models) {
    const name = modelFolderName(model);
    onStep?.(`scoring ${nameOf([model])}`);
    const modelFolder = join(resultsFolder, name);
    const { folder, summary } = await accumulateCrossValidation({ ...options, modelFolder });
    candidates.push({ name, models: [model], folder, dice: summary.foreground_mean.Dice });
  }
  for (const pair of pairs) candidates.push(await ensembleOf(pair, nameOf, options));
  const best = bestCandidate(candidates);
  let shown = 0;
  const { after } = await determineForFolder({
    ...options,
    referenceFolder,
    predictionFolder: best.folder,
    onCase: (round, name, cases) => {
      if (round !== shown) onStep?.(`postprocessing ${nameOf(best.models)}, ${roundName(round)}`);
      shown = round;
      onCase?.(name, cases);
    },
  });
  const stages = await Promise.all(best.models.map((model) => stageBefore(model, resultsFolder)));
  const postprocessing = join(best.folder, 'postprocessing.json');
  const result: BestConfiguration = {
    candidates: [...candidates].sort((a, b) => b.dice - a.dice),
    best,
    diceAfterPostprocessing: after.foreground_mean.Dice,
    postprocessing,
    instructions: instructions(options, { best, postprocessing }, stages),
  };
  await writeFileAtomic(join(resultsFolder, 'inference_information.json'), information(options, result));
  await writeFileAtomic(join(resultsFolder, 'inference_instructions.txt'), result.instructions);
  return result;
}

/** Of each model those of its folds. */
const validationFolders = (
  models: readonly ModelName[],
  { resultsFolder, folds }: Pick<FindBestOptions, 'resultsFolder' | 'folds'>,
): string[][] =>
  models.map((model) => folds.map((fold) => validationFolder(join(resultsFolder, modelFolderName(model)), fold)));

/** The pair's ensemble in cross-validation: each case's probabilities averaged, whichever fold of a model predicted it, all cases in one folder. */
async function ensembleOf(
  [first, second]: readonly [ModelName, ModelName],
  nameOf: (models: readonly ModelName[]) => string,
  options: FindBestOptions,
): Promise<Candidate> {
  const { resultsFolder, folds } = options;
  const name = ensembleName(first, second, folds);
  options.onStep?.(`averaging ${nameOf([first, second])}`);
  const folder = join(resultsFolder, 'ensembles', name);
  const modelFolders = [first, second].map((model) => join(resultsFolder, modelFolderName(model)));
  const plans = join(modelFolders[0]!, 'plans.json');
  const reader = parsePlans(await readText(await openFile(plans)), plans);
  await ensembleFolders({
    ...options,
    reader,
    folders: validationFolders([first, second], options),
    output: folder,
  });
  for (const file of ['plans.json', 'dataset.json']) await copyFile(join(modelFolders[0]!, file), join(folder, file));
  options.onStep?.(`scoring ${nameOf([first, second])}`);
  const summary = await scoreMerged(folder, options);
  return { name, models: [first, second], folder, dice: summary.foreground_mean.Dice };
}

function information(
  { datasetName, folds, models, ensembles }: FindBestOptions,
  { candidates, best, diceAfterPostprocessing, postprocessing }: BestConfiguration,
): string {
  return formatPythonJson({
    folds,
    dataset_name_or_id: datasetName,
    considered_models: models,
    ensembling_allowed: ensembles,
    all_results: Object.fromEntries(candidates.map(({ name, dice }) => [name, dice])),
    best_model_or_ensemble: {
      result_on_crossval_pre_pp: best.dice,
      result_on_crossval_post_pp: diceAfterPostprocessing,
      postprocessing_file: postprocessing.replace(/json$/, 'pkl'),
      some_plans_file: join(best.folder, 'plans.json'),
      selected_model_or_models: best.models.map(asJson),
    },
  });
}

const asJson = ({ trainer, plans, configuration }: ModelName) => ({ configuration, plans_identifier: plans, trainer });

/** Of a cascade the model whose predictions it takes. */
async function stageBefore(model: ModelName, resultsFolder: string): Promise<ModelName | undefined> {
  const path = join(resultsFolder, modelFolderName(model), 'plans.json');
  const plans = parsePlans(await readText(await openFile(path)), path);
  const configuration = previousStageOf(configurationOf(plans, model.configuration));
  return configuration === undefined ? undefined : { ...model, configuration };
}

/** The commands that predict with the best, to be copied; `stages[i]` is what must predict before the i-th model. */
function instructions(
  { datasetName, folds }: Pick<FindBestOptions, 'datasetName' | 'folds'>,
  { best, postprocessing }: Pick<BestConfiguration, 'best' | 'postprocessing'>,
  stages: readonly (ModelName | undefined)[],
): string {
  const output = (model: ModelName): string =>
    best.models.length === 1 ? 'OUTPUT_FOLDER' : `OUTPUT_FOLDER_${model.configuration}`;
  const command = ({ configuration, trainer, plans }: ModelName, folder: string): string =>
    `voxelgrad predict -i INPUT_FOLDER -o ${folder} -d ${datasetName} -c ${configuration} -tr ${trainer} -p ${plans} -f ${folds.join(' ')}`;
  const predictions = best.models.flatMap((model, i) => {
    const stage = stages[i];
    const before = `OUTPUT_FOLDER_${stage?.configuration}`;
    const options = [
      ...(stage === undefined ? [] : [`--previous-predictions ${before}`]),
      ...(best.models.length > 1 ? ['--save-probabilities'] : []),
    ];
    const first = stage === undefined || best.models.some((other) => modelFolderName(other) === modelFolderName(stage));
    return [...(first ? [] : [command(stage, before)]), [command(model, output(model)), ...options].join(' ')];
  });
  const ensemble =
    best.models.length === 1 ? [] : [`voxelgrad ensemble -i ${best.models.map(output).join(' ')} -o OUTPUT_FOLDER`];
  return `${[
    `Best in cross-validation: ${best.name}`,
    '',
    ...predictions,
    ...ensemble,
    `voxelgrad apply-postprocessing -i OUTPUT_FOLDER -o OUTPUT_FOLDER_POSTPROCESSED --steps ${postprocessing}`,
  ].join('\n')}\n`;
}
