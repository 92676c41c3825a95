/**
 * Batches ready to train on. The batch with an index is a function of the seed and that index alone, so runs resume anywhere with the same bits and
 * batches may be prepared ahead. The host chooses and copies voxels; everything else happens on the device.
 *
 * Spatial transforms need a patch several times as large as the final one, but only a third of the samples draw one: of the others only the middle
 * that would be left is read.
 */
import {
  concat,
  type Device,
  fromArray,
  noGrad,
  showShape,
  type Tensor,
  type Triple,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { batchRandom } from '../random/batch-random.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { middleStart } from '../sampling/patch-bounds.ts';
import type { PatchPlace, PatchSampler } from '../sampling/patch-sampler.ts';
import { allocatePatches, type HostPatches, readPatches } from '../sampling/read-patches.ts';
import { TimeSlice } from '../sampling/time-slice.ts';
import { type Defect, drawDefects, previousChannels } from '../transforms/previous-stage.ts';
import { appendLabelChannels, applyRegions } from '../transforms/regions.ts';
import { joinPatches, joinSamples } from '../transforms/samples.ts';
import type { Affine } from '../transforms/sampling-grid.ts';
import { applySpatial, drawAffine } from '../transforms/spatial.ts';
import type { Patches, Step } from '../transforms/transform.ts';
import { labelsPresent } from './labels-present.ts';
import { Prefetcher, type PrefetchSettings } from './prefetcher.ts';

/** What a training step takes. Whoever takes a batch disposes of its tensors. */
export interface Batch {
  /** f32 `[n, d, h, w, c]`; of a cascade with a channel for each label of the stage before. */
  readonly image: Tensor;
  /** Labels, i32 `[n, d, h, w]`; or regions, f32 `[n, d, h, w, r]` of 0 and 1. */
  readonly target: Tensor;
}

export interface TrainingBatchesSettings {
  readonly sampler: PatchSampler;
  readonly recipe: Recipe;
  readonly device: Device;
  readonly seed: number;
  /** Label sets that the network predicts as channels that may overlap. Without them targets are labels. */
  readonly regions?: readonly (readonly number[])[] | undefined;
  /** With regions: adds a last channel that is 1 where voxels are not to count. */
  readonly ignoreLabel?: number | undefined;
  /** For networks in the plane: drops the depth, which must be 1, from the shapes of batches. */
  readonly dropDepth?: boolean;
}

export class TrainingBatches {
  readonly #settings: TrainingBatchesSettings;
  #busy: Promise<unknown> = Promise.resolve();
  #still: HostPatches | undefined;
  #moved: HostPatches | undefined;

  /** Throws 'option' if the sampler cuts other patches than the recipe needs. */
  constructor(settings: TrainingBatchesSettings) {
    const { sampler, recipe } = settings;
    if (String(sampler.initialPatchSize) !== String(recipe.initialPatchSize))
      throw new VoxelgradError('option', {
        what: `the initial patch size for the ${recipe.name} recipe`,
        expected: showShape(recipe.initialPatchSize),
        got: showShape(sampler.initialPatchSize),
        help: "give the sampler the recipe's initialPatchSize",
      });
    if (settings.dropDepth === true && sampler.patchSize[0] !== 1)
      throw new VoxelgradError('option', {
        what: 'dropDepth',
        expected: 'patches of depth 1',
        got: showShape(sampler.patchSize),
      });
    this.#settings = settings;
  }

  /** The batch with this index. Calls are worked off one after another. */
  prepare(index: number): Promise<Batch> {
    const batch = this.#busy.then(() => this.#prepare(index));
    this.#busy = batch.catch(() => undefined);
    return batch;
  }

  /** The same batches, prepared while those before them are used; what nobody takes is freed. `end` as of a Prefetcher. */
  ahead(end?: PrefetchSettings<Batch>['end']): Prefetcher<Batch> {
    return new Prefetcher({
      prepare: (index) => this.prepare(index),
      discard: ({ image, target }) => {
        image.dispose();
        target.dispose();
      },
      ...(end === undefined ? {} : { end }),
    });
  }

  async #prepare(index: number): Promise<Batch> {
    const { sampler, recipe, seed } = this.#settings;
    const { patchSize: size, channels } = sampler;
    const random = batchRandom(seed, index);
    const places = sampler.draw(random.host, index);
    const affines = places.map(() =>
      recipe.spatial === undefined ? undefined : drawAffine(random.host, recipe.spatial),
    );
    const shape = { samples: places.length, size, channels };
    const steps = recipe.transforms.flatMap((transform) => transform.draw(random.host, shape) ?? []);
    const { previousStage } = recipe;
    const defects = previousStage === undefined ? [] : drawDefects(random.host, places.length, previousStage);
    const host = await this.#read(places, affines);
    const patches = noGrad(() => tidy(() => runSteps(this.#upload(host), steps, random.device)));
    try {
      const channels = await this.#defectiveChannels(patches, defects);
      return noGrad(() =>
        tidy(() => {
          const image = this.#withPrevious(patches, channels);
          return { image: this.#finished(image), target: this.#finished(this.#target(patches.label)) };
        }),
      );
    } finally {
      for (const tensor of Object.values(patches)) tensor.dispose();
    }
  }

  /** Channels of the stage before, made on the host: only where a sample drew a defect, whose components no device finds. */
  async #defectiveChannels(
    { previous }: Patches,
    defects: readonly (readonly Defect[])[],
  ): Promise<Float32Array | undefined> {
    if (previous === undefined || defects.every((drawn) => drawn.length === 0)) return undefined;
    const { sampler, recipe } = this.#settings;
    return previousChannels(await previous.data(), sampler.patchSize, defects, recipe.previousStage!, new TimeSlice());
  }

  #withPrevious({ image, previous }: Patches, channels: Float32Array | undefined): Tensor {
    const { device, recipe } = this.#settings;
    if (previous === undefined) return image;
    const { labels } = recipe.previousStage!;
    if (channels === undefined) return appendLabelChannels(image, previous, labels);
    return concat([image, fromArray(channels, [...previous.shape, labels.length], { device })], 4);
  }

  /** Copies what the batch needs into host arrays: whole patches of samples that move, the middle of those that do not. */
  async #read(places: readonly PatchPlace[], affines: readonly (Affine | undefined)[]): Promise<HostBatch> {
    const { patchSize, channels } = this.#settings.sampler;
    const slice = new TimeSlice();
    const all = places.map((_, sample) => sample);
    const moved = all.filter((sample) => affines[sample] !== undefined);
    const still = all.filter((sample) => affines[sample] === undefined);
    const middles = still.map((sample) => {
      const { case: source, start, size } = places[sample]!;
      return { case: source, start: middleStart(start, size, patchSize), size: patchSize };
    });
    const cascade = this.#settings.recipe.previousStage !== undefined;
    this.#still = withRoom(this.#still, middles.length, patchSize, channels, cascade);
    await readPatches(middles, this.#still, slice);
    const movedSize = places[0]!.size;
    this.#moved = withRoom(this.#moved, moved.length, movedSize, channels, cascade);
    await readPatches(
      moved.map((sample) => places[sample]!),
      this.#moved,
      slice,
    );
    const present = async (labels: Int32Array | undefined): Promise<number[]> =>
      labels === undefined ? [] : labelsPresent(labels.subarray(0, moved.length * volume(movedSize)), slice);
    return {
      still,
      moved,
      movedSize,
      affines: moved.map((sample) => affines[sample]!),
      labels: await present(this.#moved.label),
      previousLabels: await present(this.#moved.previous),
    };
  }

  #upload({ still, moved, movedSize, affines, labels, previousLabels }: HostBatch): Patches {
    const { sampler, recipe, device } = this.#settings;
    const { patchSize, channels } = sampler;
    const groups: (readonly number[])[] = [];
    const parts: Patches[] = [];
    if (still.length > 0) {
      groups.push(still);
      parts.push(toDevice(this.#still!, 0, still.length, patchSize, channels, device));
    }
    if (recipe.spatial !== undefined) {
      const { inPlane, labelMode, imageMode = 'linear' } = recipe.spatial;
      const atOnce = Math.max(1, Math.floor(largestUpload / (volume(movedSize) * channels)));
      for (let first = 0; first < moved.length; first += atOnce) {
        const end = Math.min(first + atOnce, moved.length);
        const larger = toDevice(this.#moved!, first, end, movedSize, channels, device);
        const present = { labels, previousLabels };
        const modes = { labelMode, imageMode };
        const parameters = { affines: affines.slice(first, end), size: patchSize, inPlane, ...modes, ...present };
        groups.push(moved.slice(first, end));
        parts.push(applySpatial(larger, parameters));
        for (const tensor of Object.values(larger)) tensor.dispose();
      }
    }
    return joinPatches(parts, (tensors) => joinSamples(tensors, groups));
  }

  /** A handle that outlives the scope. */
  #finished(x: Tensor): Tensor {
    return this.#settings.dropDepth === true ? x.view([x.shape[0]!, ...x.shape.slice(2)], 0, false) : x.alias();
  }

  #target(label: Tensor): Tensor {
    const { regions, ignoreLabel } = this.#settings;
    if (regions === undefined) return label;
    return applyRegions(label, ignoreLabel === undefined ? regions : [...regions, [ignoreLabel]]);
  }
}

interface HostBatch {
  readonly still: readonly number[];
  readonly moved: readonly number[];
  readonly movedSize: Triple;
  readonly affines: readonly Affine[];
  /** Labels that occur in the samples that move. */
  readonly labels: readonly number[];
  /** And in what the stage before found there. */
  readonly previousLabels: readonly number[];
}

/** Image values that are sent at once for the spatial transform, 128 MiB: large patches go one by one, small ones together. */
const largestUpload = 2 ** 25;

const volume = (size: Triple): number => size[0] * size[1] * size[2];

/** Host arrays are kept from batch to batch and only grow. */
function withRoom(
  patches: HostPatches | undefined,
  count: number,
  size: Triple,
  channels: number,
  cascade: boolean,
): HostPatches {
  return patches !== undefined && patches.label.length >= count * volume(size)
    ? patches
    : allocatePatches(count, size, channels, cascade);
}

/** Patches `first` to before `end` of host arrays. */
function toDevice(
  { image, label, previous }: HostPatches,
  first: number,
  end: number,
  size: Triple,
  channels: number,
  device: Device,
): Patches {
  const voxels = volume(size);
  const values = image.subarray(first * voxels * channels, end * voxels * channels);
  const labels = (all: Int32Array): Tensor =>
    fromArray(all.subarray(first * voxels, end * voxels), [end - first, ...size], { device });
  return {
    image: fromArray(values, [end - first, ...size, channels], { device }),
    label: labels(label),
    ...(previous === undefined ? {} : { previous: labels(previous) }),
  };
}

/** Tensors that a step replaced are freed before the next one. */
function runSteps(patches: Patches, steps: readonly Step[], noise: Parameters<Step>[1]): Patches {
  return steps.reduce((current, step) => {
    const next = tidy(() => step(current, noise));
    const kept = new Set(Object.values(next));
    for (const tensor of Object.values(current)) if (!kept.has(tensor)) tensor.dispose();
    return next;
  }, patches);
}
