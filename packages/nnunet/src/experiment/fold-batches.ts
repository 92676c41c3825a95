/** Batches of one fold: random patches of its training cases, augmented and prepared ahead, and plain patches of its validation cases. */
import {
  type Batch,
  da5TrainingTransforms,
  mildTransforms,
  nnunetTrainingTransforms,
  nvidiaTransforms,
  type Prefetcher,
  RandomPatches,
  type RandomPatchSettings,
  type Recipe,
  type RecipeSettings,
  type SpatialSettings,
  TrainingBatches,
  type TrainingCase,
  validationTransforms,
} from '@voxelgrad/augment';
import type { Labels } from '@voxelgrad/io';
import { type Device, roundHalfEven } from '@voxelgrad/tensor';
import { foregroundLabels, previousStageOf } from '../plan/channels.ts';
import type { Configuration } from '../plan/plans.ts';
import { patchTriple } from './patch-triple.ts';
import type { TrainerSettings } from './trainer-settings.ts';

export interface FoldBatchesSettings {
  readonly trainer: TrainerSettings;
  readonly configuration: Configuration;
  readonly labels: Labels;
  readonly training: readonly TrainingCase[];
  readonly validation: readonly TrainingCase[];
  readonly device: Device;
  readonly seed: number;
}

/** Axes of the patch (0 depth, 1 height, 2 width) that a network trained so may be mirrored along. */
export function mirrorAxesOf({ mirroring }: TrainerSettings, patch: readonly number[]): readonly number[] {
  const all = patch.length === 2 ? [1, 2] : [0, 1, 2];
  return { all, 'first two': all.slice(0, 2), none: [] }[mirroring];
}

/** Batches by their index; whoever takes one disposes of its tensors. */
export interface BatchSource {
  readonly hasValidation: boolean;
  /** Share of the time that training waited for data. */
  readonly waitedShare: number;
  training(index: number): Promise<Batch>;
  validation(index: number): Promise<Batch>;
  close(): Promise<void>;
}

export class FoldBatches implements BatchSource {
  readonly #training: Prefetcher<Batch>;
  readonly #validation: Prefetcher<Batch> | undefined;

  constructor(settings: FoldBatchesSettings) {
    const { trainer, configuration, labels, seed } = settings;
    const recipe: RecipeSettings = {
      patchSize: patchTriple(configuration.patch_size),
      mirrorAxes: mirrorAxesOf(trainer, configuration.patch_size),
      maskedChannels: configuration.use_mask_for_norm,
      dummy2d: trainer.dummy2d ?? true,
      previousLabels: previousStageOf(configuration) === undefined ? undefined : foregroundLabels(labels),
    };
    const training = batchesOf(settings, settings.training, recipes[trainer.augmentation](recipe, trainer), seed);
    this.#training = training.ahead(trainer.epochs * trainer.iterationsPerEpoch);
    if (settings.validation.length === 0) return;
    const validation = batchesOf(settings, settings.validation, validationTransforms(recipe), seed + 1);
    const { validationIterations } = trainer;
    // None waits on the device while the next epoch trains.
    this.#validation = validation.ahead((asked) => asked - (asked % validationIterations) + validationIterations);
  }

  get hasValidation(): boolean {
    return this.#validation !== undefined;
  }

  training(index: number): Promise<Batch> {
    return this.#training.take(index);
  }

  validation(index: number): Promise<Batch> {
    return this.#validation!.take(index);
  }

  get waitedShare(): number {
    return this.#training.waiting.share;
  }

  async close(): Promise<void> {
    await Promise.all([this.#training.close(), this.#validation?.close()]);
  }
}

type MakeRecipe = (settings: RecipeSettings, trainer: TrainerSettings) => Recipe;

const recipes: Readonly<Record<TrainerSettings['augmentation'], MakeRecipe>> = {
  nnunet: (settings, { nearest }) => nnunetTrainingTransforms({ ...settings, spatial: interpolationOf(nearest) }),
  da5: (settings, { nearest }) => da5TrainingTransforms({ ...settings, spatial: interpolationOf(nearest) }),
  mild: mildTransforms,
  nvidia: nvidiaTransforms,
  none: validationTransforms,
};

const interpolationOf = (nearest: TrainerSettings['nearest']): Partial<SpatialSettings> => ({
  labelMode: nearest === undefined ? 'per label' : 'nearest',
  imageMode: nearest === 'images and labels' ? 'nearest' : 'linear',
});

/** What the sampler is told of foreground. */
export function oversamplingOf(
  { foreground, oversampling }: TrainerSettings,
  batchSize: number,
): Required<Pick<RandomPatchSettings, 'foreground' | 'oversampling'>> {
  if (oversampling !== 'probabilistic as last') return { foreground, oversampling };
  return {
    foreground: 1 - roundHalfEven(batchSize * (1 - foreground)) / batchSize,
    oversampling: 'probabilistic',
  };
}

function batchesOf(
  { trainer, configuration, labels, device }: FoldBatchesSettings,
  cases: readonly TrainingCase[],
  recipe: Recipe,
  seed: number,
): TrainingBatches {
  const sampler = new RandomPatches({
    cases,
    batchSize: configuration.batch_size,
    patchSize: patchTriple(configuration.patch_size),
    initialPatchSize: recipe.initialPatchSize,
    ...oversamplingOf(trainer, configuration.batch_size),
  });
  return new TrainingBatches({
    sampler,
    recipe,
    device,
    seed,
    dropDepth: configuration.patch_size.length === 2,
    ...(labels.regions ? { regions: labels.classes.map(({ values }) => values), ignoreLabel: labels.ignore } : {}),
  });
}
