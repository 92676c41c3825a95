/** Patches for training and validation, prepared ahead: from the prepared cases to tensors, each batch a function of the seed and its index. */
import {
  ArrayCase,
  type Batch,
  collectClassLocations,
  HostRandom,
  mildTransforms,
  type Prefetcher,
  RandomPatches,
  type Recipe,
  TrainingBatches,
} from '@voxelgrad/augment';
import type { Labels } from '@voxelgrad/io';
import type { Device, Triple } from '@voxelgrad/tensor';
import type { PreparedCase } from './prepare.ts';

export interface StudyBatchesSettings {
  readonly labels: Labels;
  readonly training: readonly PreparedCase[];
  readonly heldOut: readonly PreparedCase[];
  readonly device: Device;
  readonly patch: Triple;
  readonly batchSize: number;
  readonly mirrorAxes: readonly number[];
  readonly seed: number;
  /** Batches of the whole run. */
  readonly iterations: number;
  /** Batches of one validation. */
  readonly validationIterations: number;
}

/** Half of the training patches hold foreground: with a third, as in nnU-Net, a short run sees too little of it. */
const FOREGROUND = 0.5;

export class StudyBatches {
  readonly #training: Prefetcher<Batch>;
  readonly #validation: Prefetcher<Batch>;

  constructor(settings: StudyBatchesSettings) {
    const { patch, mirrorAxes, seed, iterations, validationIterations } = settings;
    const maskedChannels = maskedFlags(settings.training);
    const training = batchesOf(
      settings,
      settings.training,
      mildTransforms({ patchSize: patch, mirrorAxes, maskedChannels }),
      seed,
    );
    // Validation patches are not changed, but for labels outside of the case, which count as background.
    const plain = mildTransforms({ patchSize: patch, mirrorAxes: [] });
    const recipe = { ...plain, transforms: plain.transforms.slice(-1) };
    const validation = batchesOf(settings, settings.heldOut, recipe, seed + 1);
    // None waits on the device while the next epoch trains.
    this.#validation = validation.ahead((asked) => asked - (asked % validationIterations) + validationIterations);
    this.#training = training.ahead(iterations);
  }

  training(index: number): Promise<Batch> {
    return this.#training.take(index);
  }

  validation(index: number): Promise<Batch> {
    return this.#validation.take(index);
  }

  /** Share of the time that training waited for data. */
  get waitedShare(): number {
    return this.#training.waiting.share;
  }

  async close(): Promise<void> {
    await Promise.all([this.#training.close(), this.#validation.close()]);
  }
}

/** Channels that were normalised inside of a mask stay zero outside of it. */
const maskedFlags = (cases: readonly PreparedCase[]): boolean[] => {
  const first = cases[0]!;
  const channels = first.image.length / (first.shape[0] * first.shape[1] * first.shape[2]);
  return new Array<boolean>(channels).fill(cases.every(({ masked }) => masked));
};

function batchesOf(
  { labels, device, patch, batchSize }: StudyBatchesSettings,
  cases: readonly PreparedCase[],
  recipe: Recipe,
  seed: number,
): TrainingBatches {
  const random = new HostRandom(seed, 1);
  const classes = labels.classes.map(({ values }) => values);
  const sources = cases.flatMap(({ name, shape, image, label }) => {
    if (label === undefined) return [];
    const channels = image.length / label.length;
    return [
      new ArrayCase({
        name,
        shape,
        channels,
        image,
        label,
        classLocations: collectClassLocations(label, classes, random),
      }),
    ];
  });
  const sampler = new RandomPatches({
    cases: sources,
    batchSize,
    patchSize: patch,
    initialPatchSize: recipe.initialPatchSize,
    foreground: FOREGROUND,
  });
  return new TrainingBatches({
    sampler,
    recipe,
    device,
    seed,
    ...(labels.regions ? { regions: classes, ignoreLabel: labels.ignore } : {}),
  });
}
