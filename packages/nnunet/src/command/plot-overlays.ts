/** `voxelgrad plot-overlays`: nnUNetv2_plot_overlay_pngs. A picture of each case, with the outlines of its labels. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { axisCodes, openDataSet, readCase } from '@voxelgrad/io';
import { openFolder, readImageFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { scoredRegions } from '../evaluate/region.ts';
import { drawCase } from '../report/case-picture.ts';
import { savePicture } from '../report/node/save-picture.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { datasetFolder, rootFolder, rootOptions } from './folders.ts';

export const plotOverlays = defineCommand(
  {
    name: 'voxelgrad plot-overlays',
    summary: 'Draws every case of a data set with the outlines of its labels and, if given, of predictions.',
    positionals: [
      { name: 'dataset', help: 'Number or name of a data set in nnUNet_raw, or a folder with a data set.' },
    ],
    options: {
      output: { type: 'string', short: 'o', required: true, placeholder: 'folder', help: 'Where the pictures go.' },
      channel: {
        type: 'integer',
        minimum: 0,
        default: 0,
        aliases: ['-channel_idx'],
        help: 'Channel of the images to draw.',
      },
      predictions: { type: 'string', placeholder: 'folder', help: 'Draw also the predictions in this folder.' },
      raw: rootOptions.raw,
      progress: { type: 'boolean', default: true, help: 'Show progress.' },
    },
    examples: ['voxelgrad plot-overlays 4 -o overlays'],
  },
  async ({ options, positionals }, context) => {
    const folder = await datasetFolder(positionals[0]!, () => rootFolder('raw', options, context));
    const { labels, cases, name, channelNames, fileEnding } = await openDataSet(await openFolder(folder));
    if (labels === undefined || options.channel >= channelNames.length)
      throw new VoxelgradError('option', {
        what: name,
        expected: labels === undefined ? 'a data set with labels' : `a channel from 0 to ${channelNames.length - 1}`,
        got: labels === undefined ? 'none' : String(options.channel),
      });
    await mkdir(options.output, { recursive: true });
    const bar = options.progress
      ? new Progress({ total: cases.length, label: 'drawing', unit: 'case', stream: context.status })
      : undefined;
    for (const entry of cases) {
      context.signal.throwIfAborted();
      const { channels, label } = await readCase(entry);
      const image = channels[options.channel]!;
      const predicted =
        options.predictions === undefined
          ? undefined
          : await readImageFile(join(options.predictions, entry.name + fileEnding));
      const picture = drawCase({
        title: entry.name,
        subtitle: channelNames[options.channel]!,
        image: image.data,
        shape: image.shape,
        spacing: image.spacing,
        directions: axisCodes(image.affine),
        regions: scoredRegions(labels),
        ...(label === undefined ? {} : { truth: label.data }),
        ...(predicted === undefined ? {} : { prediction: predicted.data }),
      });
      await savePicture(picture, join(options.output, `${entry.name}.png`));
      bar?.advance(1, entry.name);
    }
    bar?.finish();
    context.print(`${cases.length} pictures in ${options.output}`);
  },
);
