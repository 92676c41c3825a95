/**
 * Chooses patches as nnU-Net does (nnunetv2/training/dataloading/data_loader.py, v2.8.1): every patch from a random case, with replacement; the last
 * third of each batch centred on a voxel of a random class that the case has. Choosing is apart from reading, so that a batch's places are known,
 * and cost nothing, before any voxel is copied.
 */
import { roundHalfEven, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { voxelAt } from './class-locations.ts';
import { centredStart, type PatchBounds, patchBounds } from './patch-bounds.ts';
import type { TrainingCase } from './training-case.ts';

/** One patch: `size` voxels of a case from `start` on, which may hang over its border. */
export interface PatchPlace {
  readonly case: TrainingCase;
  readonly start: Triple;
  readonly size: Triple;
}

/** Chooses the patches of the batch with this index. */
export interface PatchSampler {
  readonly channels: number;
  readonly batchSize: number;
  /** The patch that the network gets. */
  readonly patchSize: Triple;
  /** The patch that is cut for spatial transforms; equal to `patchSize` without them. */
  readonly initialPatchSize: Triple;
  draw(random: HostRandom, batchIndex: number): PatchPlace[];
}

export interface PatchSamplerSettings {
  readonly cases: readonly TrainingCase[];
  readonly batchSize: number;
  readonly patchSize: Triple;
  readonly initialPatchSize?: Triple;
}

export interface RandomPatchSettings extends PatchSamplerSettings {
  /** Share of patches that must contain foreground. */
  readonly foreground?: number;
  /** 'last': the last samples of each batch, a fixed number; 'probabilistic': each sample by chance. */
  readonly oversampling?: 'last' | 'probabilistic';
}

/** nnU-Net's sampler. Throws 'option' for impossible settings. */
export class RandomPatches implements PatchSampler {
  readonly channels: number;
  readonly batchSize: number;
  readonly patchSize: Triple;
  readonly initialPatchSize: Triple;
  readonly #cases: readonly TrainingCase[];
  readonly #foreground: number;
  readonly #oversampling: 'last' | 'probabilistic';

  constructor({ foreground = 0.33, oversampling = 'last', ...settings }: RandomPatchSettings) {
    if (!(foreground >= 0 && foreground <= 1))
      throw new VoxelgradError('option', {
        what: 'foreground',
        expected: 'a share from 0 to 1',
        got: String(foreground),
      });
    this.channels = checkSamplerSettings(settings);
    this.batchSize = settings.batchSize;
    this.patchSize = settings.patchSize;
    this.initialPatchSize = settings.initialPatchSize ?? settings.patchSize;
    this.#cases = settings.cases;
    this.#foreground = foreground;
    this.#oversampling = oversampling;
  }

  draw(random: HostRandom): PatchPlace[] {
    return Array.from({ length: this.batchSize }, (_, sample) => {
      const chosen = this.#cases[random.integer(0, this.#cases.length)]!;
      const start = this.#start(chosen, this.#mustHaveForeground(sample, random), random);
      return { case: chosen, start, size: this.initialPatchSize };
    });
  }

  #mustHaveForeground(sample: number, random: HostRandom): boolean {
    if (this.#oversampling === 'probabilistic') return random.chance(this.#foreground);
    return sample >= roundHalfEven(this.batchSize * (1 - this.#foreground));
  }

  #start(chosen: TrainingCase, foreground: boolean, random: HostRandom): Triple {
    const size = this.initialPatchSize;
    const bounds = patchBounds(chosen.shape, size, this.patchSize);
    const voxels = foreground ? drawClass(chosen, random) : chosen.annotatedLocations;
    if (voxels === undefined || voxels.length === 0) return randomStart(bounds, random);
    const voxel = voxelAt(voxels[random.integer(0, voxels.length)]!, chosen.shape);
    return centredStart(voxel, size, bounds);
  }
}

/** The locations of a class or region drawn among those that are present; of the annotated voxels if the case has none. */
function drawClass(chosen: TrainingCase, random: HostRandom): Uint32Array | undefined {
  const present = chosen.classLocations.filter(({ voxels }) => voxels.length > 0);
  return present.length > 0 ? present[random.integer(0, present.length)]!.voxels : chosen.annotatedLocations;
}

const randomStart = ({ lowest, highest }: PatchBounds, random: HostRandom): Triple => [
  random.integer(lowest[0], highest[0] + 1),
  random.integer(lowest[1], highest[1] + 1),
  random.integer(lowest[2], highest[2] + 1),
];

/** Checks what all samplers need and returns the number of channels. */
export function checkSamplerSettings({
  cases,
  batchSize,
  patchSize,
  initialPatchSize = patchSize,
}: PatchSamplerSettings): number {
  const channels = cases[0]?.channels;
  if (channels === undefined)
    throw new VoxelgradError('dataset', { what: 'cases to train on', expected: 'at least one', got: 'none' });
  for (const other of cases)
    if (other.channels !== channels)
      throw new VoxelgradError('dataset', {
        what: `case ${other.name}`,
        expected: `${channels} channels, as ${cases[0]!.name} has`,
        got: String(other.channels),
        help: 'give every case the same images, or train on those that have them',
      });
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new VoxelgradError('option', { what: 'batch size', expected: 'a whole number ≥ 1', got: String(batchSize) });
  for (const size of [patchSize, initialPatchSize])
    if (!size.every((edge, axis) => Number.isInteger(edge) && edge >= 1 && initialPatchSize[axis]! >= patchSize[axis]!))
      throw new VoxelgradError('option', {
        what: 'patch size',
        expected: 'whole edges ≥ 1, and an initial patch no smaller than the patch',
        got: `[${patchSize.join(', ')}] and initially [${initialPatchSize.join(', ')}]`,
      });
  return channels;
}
