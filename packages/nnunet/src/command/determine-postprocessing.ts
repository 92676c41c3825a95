/** `voxelgrad determine-postprocessing`: nnUNetv2_determine_postprocessing. */
import { join } from 'node:path';
import { determineForFolder } from '../postprocess/node/folders.ts';
import { formatDice } from '../report/table.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { readDescription } from './data-set-labels.ts';
import { plansFileOption, processesOption, progressOption } from './official-options.ts';

export const determinePostprocessingCommand = defineCommand(
  {
    name: 'voxelgrad determine-postprocessing',
    options: {
      input: {
        type: 'string',
        short: 'i',
        required: true,
        placeholder: 'folder',
        help: 'Predictions of cases whose truth is known.',
      },
      references: {
        type: 'string',
        aliases: ['-ref'],
        required: true,
        placeholder: 'folder',
        help: 'Their true segmentations.',
      },
      datasetJson: {
        type: 'string',
        placeholder: 'file',
        aliases: ['-dataset_json', '-djfile'],
        help: 'dataset.json with the labels; looked for beside the predictions.',
      },
      plansJson: { ...plansFileOption, aliases: ['-plans_json'] },
      keepPostprocessed: {
        type: 'boolean',
        default: true,
        negations: ['--remove_postprocessed'],
        help: 'Leave the predictions after postprocessing in the folder postprocessed.',
      },
      processes: processesOption,
      progress: progressOption,
    },
    examples: ['voxelgrad determine-postprocessing -i crossval_results_folds_0_1_2_3_4 -ref gt_segmentations'],
  },
  async ({ options }, { signal, print, status }) => {
    const { labels, fileEnding } = await readDescription(options.datasetJson, [options.input, options.references]);
    let bar: Progress | undefined;
    let shown = 0;
    const { steps, before, after } = await determineForFolder({
      referenceFolder: options.references,
      predictionFolder: options.input,
      fileEnding,
      labels,
      keepPostprocessed: options.keepPostprocessed,
      signal,
      onCase: (round, name, total) => {
        if (!options.progress) return;
        if (round !== shown) {
          bar?.finish();
          bar = new Progress({
            total,
            label: round === 1 ? 'as predicted' : `candidate ${round - 1}`,
            unit: 'case',
            stream: status,
          });
          shown = round;
        }
        bar!.advance(1, name);
      },
    });
    bar?.finish();
    const nameOf = (values: readonly number[]): string =>
      labels.classes.find((each) => each.values.join() === values.join())?.name ?? 'all foreground';
    for (const step of steps) print(`keep the largest component of ${nameOf([step.labels].flat())}`);
    if (steps.length === 0) print('no postprocessing helps');
    print(`mean Dice ${formatDice(before.foreground_mean.Dice)} → ${formatDice(after.foreground_mean.Dice)}`);
    print(join(options.input, 'postprocessing.json'));
  },
);
