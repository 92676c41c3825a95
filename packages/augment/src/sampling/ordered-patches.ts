/**
 * Patches in order: each case in turn is tiled, and the batch with index i holds the i-th stretch of that list, which starts over at its end. Nothing
 * is drawn. For validation, for measuring and for tests.
 */
import type { Triple } from '@voxelgrad/tensor';
import { roundHalfEven } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import {
  checkSamplerSettings,
  type PatchPlace,
  type PatchSampler,
  type PatchSamplerSettings,
} from './patch-sampler.ts';

export class OrderedPatches implements PatchSampler {
  readonly channels: number;
  readonly batchSize: number;
  readonly patchSize: Triple;
  readonly initialPatchSize: Triple;
  /** Patches until the list starts over. */
  readonly count: number;
  readonly #places: readonly PatchPlace[];

  constructor(settings: PatchSamplerSettings) {
    this.channels = checkSamplerSettings(settings);
    this.batchSize = settings.batchSize;
    this.patchSize = settings.patchSize;
    this.initialPatchSize = settings.initialPatchSize ?? settings.patchSize;
    const [larger, final] = [this.initialPatchSize, this.patchSize];
    const margin = larger.map((edge, axis) => Math.floor(edge / 2) - Math.floor(final[axis]! / 2));
    this.#places = settings.cases.flatMap((tiled) =>
      tileStarts(tiled.shape, final).map(([z, y, x]) => ({
        case: tiled,
        start: [z - margin[0]!, y - margin[1]!, x - margin[2]!] as const,
        size: larger,
      })),
    );
    this.count = this.#places.length;
  }

  draw(_random: HostRandom, batchIndex: number): PatchPlace[] {
    const first = batchIndex * this.batchSize;
    return Array.from({ length: this.batchSize }, (_, sample) => this.#places[(first + sample) % this.count]!);
  }
}

/** Starts of as few patches as cover the case, evenly spread; a case smaller than the patch gets one in its middle. */
export function tileStarts(shape: Triple, size: Triple): Triple[] {
  const [depths, heights, widths] = shape.map((extent, axis) => axisStarts(extent, size[axis]!)) as [
    number[],
    number[],
    number[],
  ];
  return depths.flatMap((z) => heights.flatMap((y) => widths.map((x): Triple => [z, y, x])));
}

function axisStarts(extent: number, size: number): number[] {
  if (extent <= size) return [0 - Math.floor((size - extent) / 2)];
  const count = Math.ceil(extent / size);
  return Array.from({ length: count }, (_, i) => roundHalfEven((i * (extent - size)) / (count - 1)));
}
