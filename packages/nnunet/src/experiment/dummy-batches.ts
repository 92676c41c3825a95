/** The same random batch again and again: what is left of an epoch's time where nothing is loaded (nnUNetTrainerBenchmark_5epochs_noDataLoading). */
import type { Batch } from '@voxelgrad/augment';
import type { Labels } from '@voxelgrad/io';
import { cast, keep, RandomGenerator, round, scale, tidy } from '@voxelgrad/tensor';
import type { BatchSource, FoldBatchesSettings } from './fold-batches.ts';

/** Labels as they come: the highest, regions as channels that are 0 or 1 by chance. */
export class DummyBatches implements BatchSource {
  readonly hasValidation = true;
  readonly waitedShare = 0;
  readonly #batch: Batch;

  constructor({ configuration, labels, device, seed }: FoldBatchesSettings, channels: number) {
    const random = new RandomGenerator(seed);
    const space = [configuration.batch_size, ...configuration.patch_size];
    this.#batch = {
      image: keep(random.uniform([...space, channels], device)),
      target: keep(
        tidy(() =>
          labels.regions
            ? round(random.uniform([...space, targetChannels(labels)], device))
            : cast(round(scale(random.uniform(space, device), highestLabel(labels))), 'i32'),
        ),
      ),
    };
  }

  async training(): Promise<Batch> {
    return { image: this.#batch.image.alias(), target: this.#batch.target.alias() };
  }

  validation(): Promise<Batch> {
    return this.training();
  }

  async close(): Promise<void> {
    this.#batch.image.dispose();
    this.#batch.target.dispose();
  }
}

const targetChannels = ({ classes, ignore }: Labels): number => classes.length + (ignore === undefined ? 0 : 1);

const highestLabel = ({ classes }: Labels): number => Math.max(...classes.flatMap(({ values }) => values));
