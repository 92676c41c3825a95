/**
 * A case in the store, opened: its metadata are in memory, its voxels stay where they are until a patch is read. It has the shape of what
 * `@voxelgrad/augment` draws patches from (`TrainingCase`), so that an opened case goes straight into a sampler.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { ChunkCache, ChunkData } from './chunk-cache.ts';
import type { JsonObject, PreprocessedCase, Shape3, StoredLocations } from './preprocessed-case.ts';
import type { StoredArray } from './stored-array.ts';

/** A box of voxels, wholly within the case. */
export interface PatchBox {
  /** First voxel [z, y, x]. */
  readonly lower: Shape3;
  /** Extents [d, h, w]. */
  readonly size: Shape3;
}

export interface StoredPatch {
  /** `[d, h, w, c]`. */
  readonly data: Float32Array;
  /** `[d, h, w]`. */
  readonly seg?: Int16Array;
  readonly previous?: Int16Array;
}

/** A box within arrays of patches. What a case does not have stays as it is. */
export interface StoredBoxTarget {
  /** `[…, d, h, w, c]`. */
  readonly image: Float32Array;
  /** `[…, d, h, w]`. */
  readonly label: Int32Array | Int16Array;
  /** `[…, d, h, w]`: the stage before. */
  readonly previous?: Int32Array | Int16Array;
  /** The voxel of the target that gets the box's first one. */
  readonly firstVoxel: number;
  /** Voxels from one row of the target to the next, and from one plane to the next. */
  readonly rowVoxels: number;
  readonly planeVoxels: number;
}

/** Lets long copies give way to other tasks; see `TimeSlice` of `@voxelgrad/augment`. */
export interface Pause {
  isOver(): boolean;
  next(): Promise<void>;
}

export interface StoredArrays {
  readonly data: StoredArray;
  readonly seg?: StoredArray;
  readonly previous?: StoredArray;
}

export interface StoredCaseSettings {
  readonly name: string;
  readonly arrays: StoredArrays;
  readonly cache: ChunkCache;
  /** Begins the keys of this case's chunks in the cache. */
  readonly cacheKey: string;
  readonly classLocations: readonly StoredLocations[];
  readonly annotatedLocations?: Uint32Array;
  readonly properties: JsonObject;
}

export class StoredCase {
  readonly name: string;
  /** Depth, height, width in voxels. */
  readonly shape: Shape3;
  readonly channels: number;
  readonly classLocations: readonly StoredLocations[];
  declare readonly annotatedLocations?: Uint32Array;
  readonly properties: JsonObject;
  readonly #arrays: StoredArrays;
  readonly #cache: ChunkCache;
  readonly #cacheKey: string;

  constructor({ name, arrays, cache, cacheKey, classLocations, annotatedLocations, properties }: StoredCaseSettings) {
    const [depth, height, width, channels] = arrays.data.metadata.shape as [number, number, number, number];
    this.name = name;
    this.shape = [depth, height, width];
    this.channels = channels;
    this.classLocations = classLocations;
    if (annotatedLocations !== undefined) this.annotatedLocations = annotatedLocations;
    this.properties = properties;
    this.#arrays = arrays;
    this.#cache = cache;
    this.#cacheKey = cacheKey;
  }

  get hasLabels(): boolean {
    return this.#arrays.seg !== undefined;
  }

  get hasPrevious(): boolean {
    return this.#arrays.previous !== undefined;
  }

  /** Depth, height and width of the chunks. */
  get chunkShape(): Shape3 {
    const [depth, height, width] = this.#arrays.data.metadata.chunkShape;
    return [depth!, height!, width!];
  }

  /** Reads the chunks under a box. Throws 'shape' for a box that leaves the case, 'format' or 'file' for chunks that are damaged or missing. */
  async readPatch({ lower, size }: PatchBox): Promise<StoredPatch> {
    const voxels = size[0] * size[1] * size[2];
    this.#checkBox(lower, size);
    const data = new Float32Array(voxels * this.channels);
    const seg = new Int16Array(this.hasLabels ? voxels : 0);
    const previous = new Int16Array(this.hasPrevious ? voxels : 0);
    const rows = { firstVoxel: 0, rowVoxels: size[2], planeVoxels: size[1] * size[2] };
    await this.readBox(lower, size, { image: data, label: seg, previous, ...rows });
    return { data, ...(this.hasLabels ? { seg } : {}), ...(this.hasPrevious ? { previous } : {}) };
  }

  /** All of it, as it was stored. */
  async whole(): Promise<PreprocessedCase> {
    const { shape, channels, classLocations, annotatedLocations, properties } = this;
    const { data, seg, previous } = await this.readPatch({ lower: [0, 0, 0], size: shape });
    return {
      shape,
      channels,
      data,
      classLocations,
      properties,
      ...(seg === undefined ? {} : { seg }),
      ...(previous === undefined ? {} : { previous }),
      ...(annotatedLocations === undefined ? {} : { annotatedLocations }),
    };
  }

  /** Copies the box of `size` voxels from `start` on, which lies inside the case, to `target`. */
  async readBox(start: Shape3, size: Shape3, target: StoredBoxTarget, pause?: Pause): Promise<void> {
    this.#checkBox(start, size);
    const { data, seg, previous } = this.#arrays;
    const places = placesUnder(start, size, this.chunkShape);
    const copies = places.flatMap((place) => [
      this.#copy('data', data, place, this.channels, start, size, target, target.image, pause),
      ...(seg ? [this.#copy('seg', seg, place, 1, start, size, target, target.label, pause)] : []),
      ...(previous && target.previous
        ? [this.#copy('previous', previous, place, 1, start, size, target, target.previous, pause)]
        : []),
    ]);
    // All are waited for even where one fails: none may write to the target after its owner went on.
    const results = await Promise.allSettled(copies);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Copies what one chunk has of a box. */
  async #copy(
    name: keyof StoredArrays,
    array: StoredArray,
    place: Shape3,
    channels: number,
    start: Shape3,
    size: Shape3,
    { firstVoxel, rowVoxels, planeVoxels }: StoredBoxTarget,
    target: Float32Array | Int32Array | Int16Array,
    pause: Pause | undefined,
  ): Promise<void> {
    const chunk = await this.#chunk(name, array, place, channels);
    const extent = this.chunkShape;
    const origin = place.map((index, axis) => index * extent[axis]!) as [number, number, number];
    const low = start.map((first, axis) => Math.max(first, origin[axis]!)) as [number, number, number];
    const high = start.map((first, axis) => Math.min(first + size[axis]!, origin[axis]! + extent[axis]!));
    const width = high[2]! - low[2];
    for (let z = low[0]; z < high[0]!; z++) {
      for (let y = low[1]; y < high[1]!; y++) {
        const from = ((z - origin[0]) * extent[1] + y - origin[1]) * extent[2] + low[2] - origin[2];
        const to = firstVoxel + (z - start[0]) * planeVoxels + (y - start[1]) * rowVoxels + low[2] - start[2];
        target.set(chunk.subarray(from * channels, (from + width) * channels), to * channels);
      }
      if (pause?.isOver()) await pause.next();
    }
  }

  #chunk(name: keyof StoredArrays, array: StoredArray, place: Shape3, channels: number): Promise<ChunkData> {
    const index = name === 'data' ? [...place, 0] : place;
    const voxels = this.chunkShape.reduce((product, extent) => product * extent, channels);
    return this.#cache.get(`${this.#cacheKey}${name}/${place.join('/')}`, async () => {
      const chunk = await array.chunk(index);
      if (chunk.length === voxels) return chunk;
      throw new VoxelgradError('format', {
        what: this.name,
        expected: `${voxels} values a chunk`,
        got: `${chunk.length}`,
      });
    });
  }

  #checkBox(lower: Shape3, size: Shape3): void {
    const inside = lower.every(
      (low, axis) =>
        Number.isInteger(low) &&
        Number.isInteger(size[axis]) &&
        low >= 0 &&
        size[axis]! >= 1 &&
        low + size[axis]! <= this.shape[axis]!,
    );
    if (!inside)
      throw new VoxelgradError('shape', {
        what: `patch of case ${this.name}`,
        expected: `a box inside [${this.shape.join(', ')}]`,
        got: `[${size.join(', ')}] from [${lower.join(', ')}] on`,
      });
  }
}

/** Places in the grid of the chunks that a box touches. */
function placesUnder(start: Shape3, size: Shape3, chunk: Shape3): Shape3[] {
  const along = (axis: 0 | 1 | 2): number[] => {
    const first = Math.floor(start[axis] / chunk[axis]);
    const last = Math.floor((start[axis] + size[axis] - 1) / chunk[axis]);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  };
  return along(0).flatMap((z) => along(1).flatMap((y) => along(2).map((x): Shape3 => [z, y, x])));
}
