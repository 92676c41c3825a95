/** `voxelgrad plot-overlays`: nnUNetv2_plot_overlay_pngs. A picture of each case, with the outlines of its labels, as it is in its files or as networks see it. */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Affine, axisCodes, openDataSet, readCase } from '@voxelgrad/io';
import { listStoredCases, openFolder, openStoredCase, readImageFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { scoredRegions } from '../evaluate/region.ts';
import { defaultPlans } from '../experiment/model-name.ts';
import { openPreprocessed } from '../experiment/node/preprocessed.ts';
import { configurationOf } from '../plan/parse-plans.ts';
import { readProperties } from '../preprocess/case-properties.ts';
import { type CasePicture, drawCase } from '../report/case-picture.ts';
import { savePicture } from '../report/node/save-picture.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { datasetFolder, rootFolder, rootOptions } from './folders.ts';
import { datasetOption, oneDataset, processesOption, progressOption } from './official-options.ts';

export const plotOverlays = defineCommand(
  {
    name: 'voxelgrad plot-overlays',
    positionals: [
      { name: 'dataset', help: 'Number or name of a data set, or a folder with a data set.', optional: true },
    ],
    options: {
      dataset: datasetOption,
      output: { type: 'string', short: 'o', required: true, placeholder: 'folder', help: 'Where the pictures go.' },
      channel: {
        type: 'integer',
        minimum: 0,
        default: 0,
        aliases: ['-channel_idx'],
        help: 'Channel of the images to draw.',
      },
      predictions: {
        type: 'string',
        placeholder: 'folder',
        help: 'Draw also the predictions in this folder, of those cases that have one there.',
      },
      useRaw: {
        type: 'boolean',
        default: true,
        aliases: ['-use_raw', '--use_raw'],
        help: 'Draw the images as they are; off, those of nnUNet_preprocessed, which networks see.',
      },
      plans: { type: 'string', short: 'p', default: defaultPlans, help: 'With --no-use-raw: name of the plans.' },
      configuration: {
        type: 'string',
        short: 'c',
        help: 'With --no-use-raw: the configuration; 3d_fullres if there is one, else 2d.',
      },
      overlayIntensity: {
        type: 'number',
        aliases: ['-overlay_intensity'],
        help: "nnU-Net's strength of colours.",
        noEffect: 'labels are outlined, so that what is below stays as it is',
      },
      processes: processesOption,
      raw: rootOptions.raw,
      preprocessed: rootOptions.preprocessed,
      progress: progressOption,
    },
    examples: ['voxelgrad plot-overlays 4 -o overlays', 'voxelgrad plot-overlays 4 -o overlays --no-use-raw -c 2d'],
  },
  async ({ options, positionals }, context) => {
    const identifier = oneDataset('voxelgrad plot-overlays', positionals, options.dataset);
    const source = options.useRaw
      ? await rawPictures(
          await datasetFolder(identifier, () => rootFolder('raw', options, context)),
          options.predictions,
        )
      : await preprocessedPictures(
          await datasetFolder(identifier, () => rootFolder('preprocessed', options, context)),
          options,
        );
    const { name, channelNames, cases } = source;
    if (options.channel >= channelNames.length)
      throw new VoxelgradError('option', {
        what: name,
        expected: `a channel from 0 to ${channelNames.length - 1}`,
        got: String(options.channel),
      });
    await mkdir(options.output, { recursive: true });
    const bar = options.progress
      ? new Progress({ total: cases.length, label: 'drawing', unit: 'case', stream: context.status })
      : undefined;
    for (const one of cases) {
      context.signal.throwIfAborted();
      const picture = drawCase({
        title: one.name,
        subtitle: channelNames[options.channel]!,
        ...(await one.read(options.channel)),
      });
      await savePicture(picture, join(options.output, `${one.name}.png`));
      bar?.advance(1, one.name);
    }
    bar?.finish();
    context.print(`${cases.length} pictures in ${options.output}`);
  },
);

/** Formats that know of no patient. */
const photographs = /^\.(png|bmp|tiff?)$/i;

interface Pictures {
  readonly name: string;
  readonly channelNames: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    readonly read: (channel: number) => Promise<Omit<CasePicture, 'title' | 'subtitle'>>;
  }[];
}

async function rawPictures(folder: string, predictions: string | undefined): Promise<Pictures> {
  const { labels, cases, name, channelNames, fileEnding } = await openDataSet(await openFolder(folder));
  if (labels === undefined)
    throw new VoxelgradError('option', { what: name, expected: 'a data set with labels', got: 'none' });
  const predicted =
    predictions === undefined ? new Map<string, string>() : await predictionsIn(predictions, fileEnding);
  if (predictions !== undefined && !cases.some((entry) => predicted.has(entry.name)))
    throw new VoxelgradError('dataset', {
      what: predictions,
      expected: `predictions of training cases of ${name}: ${cases[0]!.name}${fileEnding}, …`,
      got: [...predicted.keys()].slice(0, 5).join(', ') || 'none',
    });
  return {
    name,
    channelNames,
    cases: cases.map((entry) => ({
      name: entry.name,
      async read(channel) {
        const { channels, label } = await readCase(entry);
        const image = channels[channel]!;
        const file = predicted.get(entry.name);
        const prediction = file === undefined ? undefined : await readImageFile(file);
        return {
          image: image.data,
          shape: image.shape,
          spacing: image.spacing,
          directions: axisCodes(image.affine),
          flat: image.shape[0] === 1 && photographs.test(fileEnding),
          regions: scoredRegions(labels),
          ...(label === undefined ? {} : { truth: label.data }),
          ...(prediction === undefined ? {} : { prediction: prediction.data }),
        };
      },
    })),
  };
}

/** Files by the names of their cases. */
async function predictionsIn(folder: string, fileEnding: string): Promise<Map<string, string>> {
  const { files } = await (await openFolder(folder)).list();
  const named = files.filter((file) => file.endsWith(fileEnding));
  return new Map(named.map((file) => [file.slice(0, -fileEnding.length), join(folder, file)]));
}

/** Cases as networks see them: cropped, normalised, resampled, the axes in the plans' order. */
async function preprocessedPictures(
  folder: string,
  options: {
    readonly plans: string;
    readonly configuration?: string | undefined;
    readonly predictions?: string | undefined;
  },
): Promise<Pictures> {
  if (options.predictions !== undefined)
    throw new VoxelgradError('option', {
      what: '--predictions',
      expected: 'images as they are',
      got: '--no-use-raw',
      help: 'Predictions lie on the grid of the raw images: draw them on these.',
    });
  const { plans, description } = await openPreprocessed(folder, options.plans);
  const usual = Object.hasOwn(plans.configurations, '3d_fullres') ? '3d_fullres' : '2d';
  const name = options.configuration ?? usual;
  const configuration = configurationOf(plans, name);
  const store = join(folder, configuration.data_identifier);
  const names = await listStoredCases(store);
  if (names.length === 0)
    throw new VoxelgradError('dataset', {
      what: store,
      expected: `cases preprocessed for ${name}`,
      got: 'none',
      help: `Run voxelgrad preprocess … -c ${name}.`,
    });
  return {
    name: basename(folder),
    channelNames: description.channelNames,
    cases: names.map((each) => ({
      name: each,
      async read(channel) {
        const opened = await openStoredCase(store, each);
        const stored = await opened.whole();
        const { affine, spacing } = readProperties(opened.properties, each);
        const codes = axisCodes(affine as Affine);
        return {
          image: Float32Array.from(
            { length: stored.data.length / stored.channels },
            (_, voxel) => stored.data[voxel * stored.channels + channel]!,
          ),
          shape: stored.shape,
          // A 2-D configuration leaves slices as far apart as they are.
          spacing: [...spacing.slice(0, 3 - configuration.spacing.length), ...configuration.spacing],
          // Codes are those of x, y, z; axes of arrays count from z.
          directions: [2, 1, 0].map((axis) => codes[2 - plans.transpose_forward[axis]!]).join(''),
          flat: plans.image_reader_writer === 'NaturalImage2DIO',
          regions: scoredRegions(description.labels),
          ...(stored.seg === undefined ? {} : { truth: stored.seg }),
        };
      },
    })),
  };
}
