/**
 * BraTS folders: one a case, with four modalities and, for training, a segmentation.
 * 2018–2021 name their files `_t1, _t1ce, _t2, _flair, _seg`, from 2023 on `-t1n, -t1c, -t2w, -t2f, -seg`. Channels come in the
 * order of nnU-Net's conversion of BraTS 2021 (Dataset137): T1, T1ce, T2, Flair.
 *
 * The regions that BraTS scores overlap: whole tumour ⊃ tumour core ⊃ enhancing tumour. Which values they are made of changed with
 * the years; the values themselves tell.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Folder } from '../source.ts';
import { type CaseFolder, findCaseFolders, missingChannels, openMatch } from './case-folders.ts';
import { type Case, type DataSet, type ImageReference, imageEnding, readLabel } from './dataset.ts';
import { type Labels, parseLabels, showValues } from './labels.ts';

const modalities = [
  { name: 'T1', ending: /[_-]t1n?\.nii(\.gz)?$/i, example: '-t1n.nii.gz' },
  { name: 'T1ce', ending: /[_-]t1(c|ce|gd)\.nii(\.gz)?$/i, example: '-t1c.nii.gz' },
  { name: 'T2', ending: /[_-]t2w?\.nii(\.gz)?$/i, example: '-t2w.nii.gz' },
  { name: 'Flair', ending: /[_-](flair|t2f)\.nii(\.gz)?$/i, example: '-t2f.nii.gz' },
] as const;

/** `Segm`: case 355 of BraTS 2020 kept the name that its annotator gave it. */
const segmentation = /[_-]segm?\.nii(\.gz)?$/i;

/** Names that came with BraTS 2023, and label 3 for the enhancing tumour with them. */
const namesOf2023 = /-(t1n|t1c|t2w|t2f)\.nii(\.gz)?$/i;

/** Values of the enhancing tumour: 3 since 2023; 4 in 2018–2021; 4 with 3 for non-enhancing tumour in 2013. */
export type BratsConvention = '1,2,3' | '1,2,4' | '1,2,3,4';

/** Whole tumour, tumour core and enhancing tumour in one convention; 1 is necrosis, 2 oedema. */
export function bratsLabels(convention: BratsConvention): Labels {
  const [core, enhancing] = { '1,2,3': [[1, 3], 3], '1,2,4': [[1, 4], 4], '1,2,3,4': [[1, 3, 4], 4] }[convention] as [
    number[],
    number,
  ];
  const entries = {
    background: 0,
    'whole tumor': [...core, 2].sort((a, b) => a - b),
    'tumor core': core,
    'enhancing tumor': [enhancing],
  };
  return parseLabels(entries, [2, 1, enhancing], 'BraTS');
}

export const isBratsCase = (files: readonly string[]): boolean =>
  files.some((name) => modalities.some(({ ending }) => ending.test(name)));

/** A BraTS case folder or a folder of them; undefined where there is neither. Throws 'dataset' for a case that lacks a modality. */
export async function openBrats(root: Folder): Promise<DataSet | undefined> {
  const folders = await findCaseFolders(root, isBratsCase);
  if (folders.length === 0) return undefined;
  const cases: Case[] = [];
  for (const folder of folders) cases.push(await openCase(folder));
  const firstFile = cases[0]!.channels[0]!.file.name;
  return {
    name: root.name,
    layout: 'brats',
    channelNames: modalities.map(({ name }) => name),
    labels: bratsLabels(await findConvention(cases)),
    fileEnding: imageEnding(firstFile),
    cases,
  };
}

async function openCase(entry: CaseFolder): Promise<Case> {
  const found = await Promise.all(
    modalities.map(({ name, ending }) => openMatch(entry, name, (file) => ending.test(file))),
  );
  const missing = modalities.filter((_, i) => found[i] === undefined);
  if (missing.length > 0)
    throw missingChannels(
      entry.folder,
      missing.map(({ name }) => name),
      modalities.filter((_, i) => found[i] !== undefined).map(({ name }) => name),
      `put ${missing.map(({ example }) => `…${example}`).join(', ')} into ${entry.folder.path}, or choose the channels that all cases have by patterns`,
    );
  const channels = found.map((file): ImageReference => ({ file: file! }));
  const label = await openMatch(entry, 'the segmentation', (file) => segmentation.test(file));
  return { name: entry.folder.name, channels, ...(label === undefined ? {} : { label: { file: label } }) };
}

/** Reads segmentations until one shows an enhancing tumour; where none does, the file names decide. */
async function findConvention(cases: readonly Case[]): Promise<BratsConvention> {
  for (const { label } of cases) {
    if (label === undefined) continue;
    const values = new Set((await readLabel(label)).data);
    if (values.has(3) && values.has(4))
      throw new VoxelgradError('dataset', {
        what: label.file.path,
        expected: 'labels 1, 2, 3 or 1, 2, 4',
        got: showValues(values),
        help: 'is this BraTS 2024, where 4 is the resection cavity? Say what the labels mean with the options channels, label and labels',
      });
    if (values.has(4)) return '1,2,4';
    if (values.has(3)) return '1,2,3';
  }
  return cases.some(({ channels }) => channels.some(({ file }) => namesOf2023.test(file.name))) ? '1,2,3' : '1,2,4';
}
