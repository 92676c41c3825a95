/** `voxelgrad determine-postprocessing`: nnUNetv2_determine_postprocessing. */
import { join } from 'node:path';
import { determineForFolder, roundName } from '../postprocess/node/folders.ts';
import { formatDice } from '../report/table.ts';
import { ProgressSteps } from '../terminal/progress-steps.ts';
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
    const steps = new ProgressSteps(status);
    let shown = 0;
    const found = await determineForFolder({
      referenceFolder: options.references,
      predictionFolder: options.input,
      fileEnding,
      labels,
      keepPostprocessed: options.keepPostprocessed,
      signal,
      onCase: (round, name, total) => {
        if (!options.progress) return;
        if (round !== shown) steps.step(roundName(round));
        shown = round;
        steps.advance(name, total);
      },
    });
    steps.finish();
    const nameOf = (values: readonly number[]): string =>
      labels.classes.find((each) => each.values.join() === values.join())?.name ?? 'all foreground';
    for (const step of found.steps) print(`keep the largest component of ${nameOf([step.labels].flat())}`);
    if (found.steps.length === 0) print('no postprocessing helps');
    print(
      `mean Dice ${formatDice(found.before.foreground_mean.Dice)} → ${formatDice(found.after.foreground_mean.Dice)}`,
    );
    print(join(options.input, 'postprocessing.json'));
  },
);
