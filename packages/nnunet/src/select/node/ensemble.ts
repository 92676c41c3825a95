/** Averages the probabilities that several models left for the same cases (nnunetv2/ensembling/ensemble.py). */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeNpz, type Labels, NpzReader } from '@voxelgrad/io';
import { openFile, readImageFile, writeFileAtomic, writeImageFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { onOriginalGrid } from '../../predict/original-grid.ts';
import type { ImageReader } from '../../preprocess/preprocess-case.ts';
import { commonShape, decisionOn, meanOfProbabilities, type ProbabilityDecision } from '../probabilities.ts';

export interface EnsembleOptions {
  /** For each case CASE.npz and the segmentation CASE + `fileEnding`, which has the geometry. */
  readonly folders: readonly string[];
  readonly output: string;
  readonly labels: Labels;
  readonly fileEnding: string;
  /** What the plans say of who reads images: probabilities lie as it turns them. */
  readonly reader: ImageReader;
  readonly saveProbabilities?: boolean;
  /** How a mean `[c, z, y, x]` of this shape is decided on; by default as nnU-Net does. */
  readonly decide?: (shape: readonly number[], labels: Labels) => ProbabilityDecision;
  /** Whether cases that are there already are made again; true by default. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told once how many cases there are. */
  readonly onStart?: (cases: number) => void;
  readonly onCase?: (name: string, cases: number) => void;
}

/** Writes the ensemble's segmentations, and returns the names of the cases. Throws 'dataset' where a folder lacks a case that another has. */
export async function ensembleFolders(options: EnsembleOptions): Promise<string[]> {
  const { folders, output, fileEnding, reader } = options;
  const names = await casesOf(folders);
  await mkdir(output, { recursive: true });
  options.onStart?.(names.length);
  for (const name of names) {
    options.signal?.throwIfAborted();
    const file = join(output, name + fileEnding);
    if (options.overwrite === false && existsSync(file)) continue;
    const decided = await averageCase(name, options);
    const like = await readImageFile(join(folders[0]!, name + fileEnding));
    // Last: it says that the case is done.
    await writeImageFile(file, onOriginalGrid(reader, like, decided, name));
    options.onCase?.(name, names.length);
  }
  return names;
}

/** One case's segmentation, as its probabilities lie; these are written on the way, if that is asked for. */
async function averageCase(name: string, options: EnsembleOptions): Promise<Uint8Array | Uint16Array> {
  const { folders, output, labels, saveProbabilities = false, decide = decisionOn, signal } = options;
  const readers: NpzReader[] = [];
  try {
    for (const folder of folders)
      readers.push(await NpzReader.open(await openFile(join(folder, `${name}.npz`)), 'probabilities'));
    const shape = commonShape(readers, name);
    const decision = decide(shape, labels);
    const pieces = async function* (): AsyncIterable<Float32Array> {
      for await (const piece of meanOfProbabilities(readers, shape)) {
        signal?.throwIfAborted();
        decision.add(piece);
        yield piece.values;
      }
    };
    if (saveProbabilities) {
      await writeFileAtomic(join(output, `${name}.npz`), encodeNpz({ probabilities: { shape, pieces: pieces() } }));
      const properties = join(folders[0]!, `${name}.pkl`);
      if (existsSync(properties)) await writeFileAtomic(join(output, `${name}.pkl`), await readFile(properties));
    } else for await (const _ of pieces());
    return decision.segmentation();
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
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
