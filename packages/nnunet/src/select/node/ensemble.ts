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
  /** For each model those that hold its predictions, each case in one of them: CASE.npz, and the segmentation CASE + `fileEnding`, which has the geometry. */
  readonly folders: readonly (readonly string[])[];
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

/** Writes the ensemble's segmentations, and returns the names of the cases. Throws 'dataset' where a model lacks a case that another has. */
export async function ensembleFolders(options: EnsembleOptions): Promise<string[]> {
  const { folders, output, fileEnding, reader } = options;
  const cases = await casesOf(folders);
  await mkdir(output, { recursive: true });
  options.onStart?.(cases.size);
  for (const [name, places] of cases) {
    options.signal?.throwIfAborted();
    const file = join(output, name + fileEnding);
    if (options.overwrite !== false || !existsSync(file)) {
      const decided = await averageCase(name, places, options);
      const like = await readImageFile(join(places[0]!, name + fileEnding));
      // Last: it says that the case is done.
      await writeImageFile(file, onOriginalGrid(reader, like, decided, name));
    }
    options.onCase?.(name, cases.size);
  }
  return [...cases.keys()];
}

/** One case's segmentation, as its probabilities lie; these are written on the way, if that is asked for. */
async function averageCase(
  name: string,
  places: readonly string[],
  options: EnsembleOptions,
): Promise<Uint8Array | Uint16Array> {
  const { output, labels, saveProbabilities = false, decide = decisionOn, signal } = options;
  const readers: NpzReader[] = [];
  try {
    for (const folder of places)
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
      const properties = join(places[0]!, `${name}.pkl`);
      if (existsSync(properties)) await writeFileAtomic(join(output, `${name}.pkl`), await readFile(properties));
    } else for await (const _ of pieces());
    return decision.segmentation();
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

/** For each case the folder of each model that has its probabilities. Throws 'dataset' where a model lacks a case that another has. */
export async function casesOf(folders: EnsembleOptions['folders']): Promise<Map<string, string[]>> {
  const found = await Promise.all(folders.map(probabilitiesIn));
  const names = [...new Set(found.flatMap((places) => [...places.keys()]))].sort();
  folders.forEach((places, i) => {
    const missing = names.find((name) => !found[i]!.has(name));
    if (names.length === 0 || missing !== undefined)
      throw new VoxelgradError('dataset', {
        what: places.join(', '),
        expected: missing === undefined ? 'probabilities, CASE.npz' : `${missing}.npz, as the other models have it`,
        got: 'none',
        help: 'Predict with --save-probabilities; after a training without --npz: voxelgrad train … --val --npz. find-best-configuration does without by --disable_ensembling.',
      });
  });
  return new Map(names.map((name) => [name, found.map((places) => places.get(name)!)]));
}

/** Names of cases, and the folder that each is in. Throws 'dataset' for a case that is in two. */
async function probabilitiesIn(folders: readonly string[]): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const folder of folders)
    for (const file of existsSync(folder) ? await readdir(folder) : []) {
      if (!file.endsWith('.npz')) continue;
      const name = file.slice(0, -4);
      if (places.has(name))
        throw new VoxelgradError('dataset', {
          what: join(folder, file),
          expected: 'a case that no other fold validated',
          got: `another prediction in ${places.get(name)}`,
        });
      places.set(name, folder);
    }
  return places;
}
