/**
 * Learns to segment brain tumours, from images to scores: by default on a made-up data set that it writes first, with --data on real BraTS cases.
 *
 *   npx -y pnpm@10.34.9 example:brats
 *   npx -y pnpm@10.34.9 example:brats --data DIR --epochs 20
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DataSet, openDataSet } from '@voxelgrad/io';
import { openFolder, writePhantomFiles } from '@voxelgrad/io/node';
import { type CommandSpec, Progress, parseOptions, runCommand } from '@voxelgrad/nnunet/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { parseSize, startStudy, studyOptions } from '../study/options.ts';

const command = {
  name: 'pnpm example:brats',
  summary: 'Trains a 3-D U-Net to segment brain tumours (regions of BraTS) and predicts cases that it has not seen.',
  options: {
    data: { type: 'string', placeholder: 'folder', help: 'BraTS case folders; by default phantoms are made.' },
    epochs: { type: 'integer', minimum: 1, help: 'Epochs to train; 10 on phantoms, else 20.' },
    ...studyOptions,
    patch: { type: 'string', default: '32x48x48', help: 'Patch, depth x height x width in voxels.' },
    size: { type: 'string', default: '48x64x64', help: 'Size of the phantoms, depth x height x width.' },
    cases: { type: 'integer', minimum: 2, default: 20, help: 'Number of phantoms.' },
    heldOut: {
      type: 'integer',
      minimum: 1,
      help: 'Cases at the end of the list that are not trained on; by default one in five.',
    },
    out: { type: 'string', placeholder: 'folder', default: 'out/brats', help: 'Where everything is written.' },
  },
  examples: ['pnpm example:brats --epochs 10 --device webgpu', 'pnpm example:brats --data ~/BraTS2023 --patch 96'],
} as const satisfies CommandSpec;

await runCommand(async (signal) => {
  const { options } = parseOptions(command, process.argv.slice(2));
  const phantom = options.data === undefined;
  const patch = parseSize(options.patch, '--patch');
  const folder = options.data ?? (await makePhantoms(options));
  const dataSet = await openDataSet(await openFolder(folder));
  const { training, heldOut } = split(dataSet, options.heldOut);
  await startStudy(
    {
      title: phantom ? 'Brain-tumour phantoms' : `Brain tumours, ${dataSet.name}`,
      command: ['pnpm example:brats', ...process.argv.slice(2).filter((word) => word !== '--resume')].join(' '),
      dataSet,
      training,
      heldOut,
      features: [16, 32, 64, 128],
      patch,
      validationIterations: 8,
      mirrorAxes: [0, 1, 2],
    },
    { ...options, epochs: options.epochs ?? (phantom ? 10 : 20) },
    signal,
  );
});

interface PhantomChoice {
  readonly size: string;
  readonly cases: number;
  readonly seed: number;
  readonly out: string;
}

/** Writes the phantoms, unless the same ones are there. */
async function makePhantoms({ size, cases, seed, out }: PhantomChoice): Promise<string> {
  const shape = parseSize(size, '--size');
  const folder = join(out, `phantoms-${shape.join('x')}-${cases}-seed${seed}`);
  const last = `BraTS-PHANTOM-${String(cases - 1).padStart(5, '0')}-000`;
  if (existsSync(join(folder, last, `${last}-seg.nii.gz`))) return folder;
  const progress = new Progress({ total: cases, label: 'making phantoms', unit: 'case' });
  await writePhantomFiles(folder, { cases, seed, shape, onCase: (name) => progress.advance(1, name) });
  progress.finish('');
  return folder;
}

/** The last cases are held out. A single case is trained on and predicted: a check of the machinery, not of what was learnt. */
function split({ cases, name }: DataSet, wanted: number | undefined) {
  const labelled = cases.filter(({ label }) => label !== undefined);
  if (labelled.length === 0)
    throw new VoxelgradError('dataset', {
      what: `data set ${name}`,
      expected: 'at least one case with a segmentation to train on',
      got: `${cases.length} cases without one`,
      help: 'name a folder whose cases have a …-seg.nii.gz (or …_seg.nii.gz)',
    });
  if (labelled.length === 1) {
    console.log('one case only: it is trained on and then predicted whole');
    return { training: labelled, heldOut: labelled };
  }
  const count = Math.min(wanted ?? Math.max(1, Math.round(labelled.length / 5)), labelled.length - 1);
  return { training: labelled.slice(0, -count), heldOut: labelled.slice(-count) };
}
