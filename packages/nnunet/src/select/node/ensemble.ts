/** Averages the probabilities that several models left for the same cases (nnunetv2/ensembling/ensemble.py). */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeNpz, type Labels, readNpz } from '@voxelgrad/io';
import { openFile, readImageFile, writeFileAtomic, writeImageFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { onOriginalGrid } from '../../predict/original-grid.ts';
import type { ImageReader } from '../../preprocess/preprocess-case.ts';
import { meanOfProbabilities, type Probabilities, segmentationOf } from '../probabilities.ts';

export interface EnsembleOptions {
  /** For each case CASE.npz and the segmentation CASE + `fileEnding`, which has the geometry. */
  readonly folders: readonly string[];
  readonly output: string;
  readonly labels: Labels;
  readonly fileEnding: string;
  /** What the plans say of who reads images: probabilities lie as it turns them. */
  readonly reader: ImageReader;
  readonly saveProbabilities?: boolean;
  /** How the mean is decided on; by default as nnU-Net does. */
  readonly decide?: (mean: Probabilities, labels: Labels) => Uint8Array | Uint16Array;
  /** Whether cases that are there already are made again; true by default. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told once how many cases there are. */
  readonly onStart?: (cases: number) => void;
  readonly onCase?: (name: string, cases: number) => void;
}

/** Writes the ensemble's segmentations, and returns the names of the cases. Throws 'dataset' where a folder lacks a case that another has. */
export async function ensembleFolders(options: EnsembleOptions): Promise<string[]> {
  const { folders, output, labels, fileEnding, reader, decide = segmentationOf } = options;
  const names = await casesOf(folders);
  await mkdir(output, { recursive: true });
  options.onStart?.(names.length);
  for (const name of names) {
    options.signal?.throwIfAborted();
    if (options.overwrite === false && existsSync(join(output, name + fileEnding))) continue;
    const all = await Promise.all(folders.map((folder) => readProbabilities(join(folder, `${name}.npz`))));
    const mean = meanOfProbabilities(all, name);
    const like = await readImageFile(join(folders[0]!, name + fileEnding));
    const segmentation = onOriginalGrid(reader, like, decide(mean, labels), name);
    await writeImageFile(join(output, name + fileEnding), segmentation);
    if (options.saveProbabilities) {
      await writeFileAtomic(join(output, `${name}.npz`), encodeNpz({ probabilities: mean }));
      const properties = join(folders[0]!, `${name}.pkl`);
      if (existsSync(properties)) await writeFileAtomic(join(output, `${name}.pkl`), await readFile(properties));
    }
    options.onCase?.(name, names.length);
  }
  return names;
}

async function readProbabilities(path: string): Promise<Probabilities> {
  const { shape, data } = await readNpz(await openFile(path), 'probabilities');
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

async function casesOf(folders: readonly string[]): Promise<string[]> {
  const listings = await Promise.all(
    folders.map(async (folder) =>
      existsSync(folder)
        ? (await readdir(folder)).filter((name) => name.endsWith('.npz')).map((name) => name.slice(0, -4))
        : [],
    ),
  );
  const all = [...new Set(listings.flat())].sort();
  folders.forEach((folder, i) => {
    const missing = all.filter((name) => !listings[i]!.includes(name));
    if (all.length === 0 || missing.length > 0)
      throw new VoxelgradError('dataset', {
        what: folder,
        expected: all.length === 0 ? 'probabilities, CASE.npz' : `${missing[0]}.npz, as the other folders have it`,
        got: 'none',
        help: 'Predict with --save-probabilities, or train with --npz.',
      });
  });
  return all;
}
