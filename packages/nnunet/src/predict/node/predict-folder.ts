/**
 * Predicts all cases of a folder and writes a segmentation for each, as nnUNetv2_predict does. While the device predicts one case, the one before is
 * written; what is already there can be passed over, so that a stopped run goes on.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Case, encodeNpz, readLabel } from '@voxelgrad/io';
import { openFile, ScratchFile, writeFileAtomic, writeImageFile } from '@voxelgrad/io/node';
import { type CompileProgress, VoxelgradError } from '@voxelgrad/tensor';
import { compilePrediction } from '../compile-prediction.ts';
import { type CasePrediction, type CasePredictionOptions, type Predictor, predictCase } from '../predict-case.ts';
import { encodeProperties } from '../properties-pickle.ts';

export interface FolderPrediction extends Pick<CasePredictionOptions, 'step' | 'mirror' | 'batchSize' | 'signal'> {
  readonly cases: readonly Case[];
  readonly output: string;
  readonly fileEnding: string;
  /** Also writes CASE.npz, and CASE.pkl, which says where it lies. */
  readonly saveProbabilities?: boolean;
  /** Passes over cases that were predicted before. */
  readonly resume?: boolean;
  /** Of a cascade: predictions of the stage before, under the same names. */
  readonly previousFolder?: string | undefined;
  /** Told how many of the networks' kernels are compiled, before the first case. */
  readonly onCompile?: CompileProgress;
  /** `done` of `windows` windows of a case are predicted. */
  readonly onWindow?: (name: string, done: number, windows: number) => void;
  readonly onCase?: (name: string) => void;
}

/** Returns the names of the cases that were predicted now. */
export async function predictFolder(predictor: Predictor, options: FolderPrediction): Promise<string[]> {
  const { output, fileEnding, saveProbabilities = false } = options;
  await mkdir(output, { recursive: true });
  const done: string[] = [];
  let writing: Promise<void> = Promise.resolve();
  let compiled = false;
  try {
    for (const entry of options.cases) {
      options.signal?.throwIfAborted();
      const files = filesOf(join(output, entry.name), fileEnding, saveProbabilities);
      if (!(options.resume === true && files.every((file) => existsSync(file)))) {
        if (!compiled) await compileFor(predictor, options);
        compiled = true;
        const previous = await previousOf(entry, options);
        const scratch = saveProbabilities ? await ScratchFile.open(output) : undefined;
        const work = async (): Promise<CasePrediction> => {
          const prediction = await predictCase(predictor, entry, {
            ...options,
            probabilities: scratch ?? false,
            onWindow: (windows, all) => options.onWindow?.(entry.name, windows, all),
            ...(previous === undefined ? {} : { previous }),
          });
          await writing;
          return prediction;
        };
        const prediction = await work().catch(async (error) => {
          await scratch?.remove();
          throw error;
        });
        writing = write(prediction, files, predictor.plans).finally(() => scratch?.remove());
        // A failure is told when the next case waits for it, or at the end.
        writing.catch(() => undefined);
        done.push(entry.name);
      }
      options.onCase?.(entry.name);
    }
  } finally {
    await writing;
  }
  return done;
}

const compileFor = (
  { networks, device, configuration, mirrorAxes }: Predictor,
  { mirror = true, batchSize, onCompile }: FolderPrediction,
): Promise<void> =>
  compilePrediction(
    networks,
    device,
    { patch: configuration.patch_size, mirrorAxes: mirror ? mirrorAxes : [], batchSize },
    onCompile,
  );

/** The segmentation last: where it is, the case is whole. */
const filesOf = (stem: string, fileEnding: string, probabilities: boolean): string[] =>
  probabilities ? [`${stem}.npz`, `${stem}.pkl`, stem + fileEnding] : [stem + fileEnding];

async function write(
  { segmentation, probabilityStream: probabilities, properties }: CasePrediction,
  files: readonly string[],
  plans: Predictor['plans'],
): Promise<void> {
  if (probabilities !== undefined) {
    await writeFileAtomic(files[0]!, encodeNpz({ probabilities }));
    await writeFileAtomic(files[1]!, encodeProperties(properties, segmentation, plans));
  }
  await writeImageFile(files.at(-1)!, segmentation);
}

async function previousOf({ name }: Case, { previousFolder, fileEnding }: FolderPrediction) {
  if (previousFolder === undefined) return undefined;
  const path = join(previousFolder, name + fileEnding);
  if (existsSync(path)) return readLabel({ file: await openFile(path) });
  throw new VoxelgradError('dataset', {
    what: path,
    expected: 'the prediction of the stage before',
    got: 'nothing there',
    help: 'Predict the same images with the configuration before the cascade first.',
  });
}
