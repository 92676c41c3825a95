/** `voxelgrad evaluate`: nnUNetv2_evaluate_folder and nnUNetv2_evaluate_simple in one, with surfaces, a table and a plot. */
import { basename, join } from 'node:path';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { metricsTable } from '../evaluate/metrics-table.ts';
import { evaluateFolder } from '../evaluate/node/evaluate-folder.ts';
import { regionName, scoredRegions } from '../evaluate/region.ts';
import { formatSummary } from '../evaluate/summary.ts';
import { drawDicePlot } from '../report/dice-plot.ts';
import { savePicture } from '../report/node/save-picture.ts';
import { diceTable } from '../report/table.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { readDescription } from './data-set-labels.ts';
import { labelsFromNumbers } from './label-numbers.ts';
import { plansFileOption, processesOption, progressOption } from './official-options.ts';

export const evaluate = defineCommand(
  {
    name: 'voxelgrad evaluate',
    positionals: [
      { name: 'references', help: 'Folder of the true segmentations.' },
      { name: 'predictions', help: 'Folder of the predicted ones.' },
    ],
    options: {
      datasetJson: {
        type: 'string',
        placeholder: 'file',
        aliases: ['-djfile'],
        help: 'dataset.json with the labels; looked for beside the predictions and the references.',
      },
      labels: {
        type: 'list',
        short: 'l',
        many: true,
        help: 'Label values to score, instead of those of a dataset.json: -l 1 2 3.',
      },
      ignoreLabel: {
        type: 'integer',
        minimum: 1,
        aliases: ['-il'],
        help: 'With --labels: value of voxels that do not count.',
      },
      fileEnding: { type: 'string', help: 'With --labels: what file names end in; .nii.gz unless told.' },
      output: {
        type: 'string',
        short: 'o',
        placeholder: 'file',
        help: 'Where to write the summary; summary.json among the predictions unless told.',
      },
      plansFile: { ...plansFileOption, aliases: ['-pfile'] },
      processes: processesOption,
      chill: { type: 'boolean', help: 'Accept references that have no prediction.' },
      surfaces: {
        type: 'boolean',
        default: true,
        help: 'Also measure surface distances and volumes, for the table of all metrics.',
      },
      tolerance: {
        type: 'number',
        minimum: 0,
        default: 1,
        help: 'Millimetres within which surfaces agree, for the surface Dice.',
      },
      progress: progressOption,
    },
    examples: [
      'voxelgrad evaluate labelsTs predictions',
      'voxelgrad evaluate truth predictions -l 1 2 --no-surfaces -o scores/summary.json',
    ],
  },
  async ({ options, positionals }, { signal, print, status }) => {
    const [referenceFolder, predictionFolder] = positionals as [string, string];
    const { labels, fileEnding } =
      options.labels === undefined
        ? await readDescription(options.datasetJson, [predictionFolder, referenceFolder])
        : {
            labels: labelsFromNumbers(options.labels, options.ignoreLabel),
            fileEnding: options.fileEnding ?? '.nii.gz',
          };
    const regions = scoredRegions(labels);
    const names = Object.fromEntries(regions.map(({ name, region }) => [regionName(region), name]));
    let bar: Progress | undefined;
    const { summary, shapes } = await evaluateFolder({
      referenceFolder,
      predictionFolder,
      fileEnding,
      regions: regions.map(({ region }) => region),
      ignoreLabel: labels.ignore,
      allowMissing: options.chill,
      surfaceTolerance: options.surfaces ? options.tolerance : undefined,
      signal,
      onStart: (total) => {
        if (options.progress) bar = new Progress({ total, label: 'evaluating', unit: 'case', stream: status });
      },
      onCase: (name) => bar?.advance(1, name),
    });
    bar?.finish();
    const file = options.output ?? join(predictionFolder, 'summary.json');
    const stem = file.replace(/\.json$/, '');
    await writeFileAtomic(file, formatSummary(summary));
    await writeFileAtomic(`${stem}.csv`, metricsTable(summary.metric_per_case, names, shapes));
    await savePicture(drawDicePlot(summary, { title: `Dice in ${basename(predictionFolder)}`, names }), `${stem}.png`);
    print(diceTable(summary, { names, worst: 20 }));
    print(`${file}, with all metrics in ${basename(stem)}.csv and a plot in ${basename(stem)}.png`);
  },
);
