/**
 * What patches are cut from: a preprocessed case that can say how large it is, where its classes are, and hand out a box of voxels. A case in memory
 * is an `ArrayCase`; a case on disk implements the same interface and reads no more than the box.
 */
import { type Triple, VoxelgradError } from '@voxelgrad/tensor';
import type { ClassLocations } from './class-locations.ts';
import type { TimeSlice } from './time-slice.ts';

/** Labels as they are stored: −1 marks voxels outside of the case's nonzero region. */
export type LabelArray = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

export interface TrainingCase {
  readonly name: string;
  /** Depth, height, width in voxels. A 2-D case has depth 1. */
  readonly shape: Triple;
  readonly channels: number;
  /** Where foreground patches may be centred; empty if the case has no foreground. */
  readonly classLocations: readonly ClassLocations[];
  /**
   * Linear indices of annotated voxels, for datasets with an ignore label: patches that are not forced to foreground are then centred on one of
   * these, so that none is without annotation.
   */
  readonly annotatedLocations?: Uint32Array;
  /** Whether it has what the stage before found, for cascades. */
  readonly hasPrevious?: boolean;
  /**
   * Copies the box of `size` voxels from `start` on, which lies inside the case, to `target`. Long copies give way to other tasks when `slice` is
   * over.
   */
  readBox(start: Triple, size: Triple, target: BoxTarget, slice: TimeSlice): Promise<void>;
}

/** A box within an array of patches. */
export interface BoxTarget {
  /** `[…, d, h, w, c]`. */
  readonly image: Float32Array;
  /** `[…, d, h, w]`. */
  readonly label: Int32Array;
  /** `[…, d, h, w]`, where what the stage before found is wanted. */
  readonly previous?: Int32Array;
  /** The voxel of the target that gets the box's first one. */
  readonly firstVoxel: number;
  /** Voxels from one row of the target to the next, and from one plane to the next. */
  readonly rowVoxels: number;
  readonly planeVoxels: number;
}

export interface ArrayCaseSettings {
  readonly name: string;
  readonly shape: Triple;
  readonly channels: number;
  /** `[d, h, w, c]`. */
  readonly image: Float32Array;
  /** `[d, h, w]`. */
  readonly label: LabelArray;
  /** `[d, h, w]`: what the stage before found. */
  readonly previous?: LabelArray;
  readonly classLocations?: readonly ClassLocations[];
  readonly annotatedLocations?: Uint32Array;
}

/** A case whose voxels are in host memory. Throws 'shape' if the arrays do not fit the shape. */
export class ArrayCase implements TrainingCase {
  readonly name: string;
  readonly shape: Triple;
  readonly channels: number;
  readonly classLocations: readonly ClassLocations[];
  declare readonly annotatedLocations?: Uint32Array;
  readonly #image: Float32Array;
  readonly #label: LabelArray;
  readonly #previous: LabelArray | undefined;

  constructor(settings: ArrayCaseSettings) {
    const { name, shape, channels, image, label, previous, classLocations = [], annotatedLocations } = settings;
    const voxels = shape[0] * shape[1] * shape[2];
    if (image.length !== voxels * channels || label.length !== voxels || (previous?.length ?? voxels) !== voxels)
      throw new VoxelgradError('shape', {
        what: `case ${name}`,
        expected: `${voxels * channels} image values and ${voxels} labels for [${shape.join(', ')}] with ${channels} channels`,
        got: [image, label, previous].flatMap((part) => part?.length ?? []).join(' and '),
      });
    this.name = name;
    this.shape = shape;
    this.channels = channels;
    this.classLocations = classLocations;
    if (annotatedLocations !== undefined) this.annotatedLocations = annotatedLocations;
    this.#image = image;
    this.#label = label;
    this.#previous = previous;
  }

  get hasPrevious(): boolean {
    return this.#previous !== undefined;
  }

  async readBox(start: Triple, size: Triple, target: BoxTarget, slice: TimeSlice): Promise<void> {
    const { image, label, previous, firstVoxel, rowVoxels, planeVoxels } = target;
    const [, height, width] = this.shape;
    const channels = this.channels;
    for (let z = 0; z < size[0]; z++) {
      for (let y = 0; y < size[1]; y++) {
        const from = ((start[0] + z) * height + start[1] + y) * width + start[2];
        const to = firstVoxel + z * planeVoxels + y * rowVoxels;
        image.set(this.#image.subarray(from * channels, (from + size[2]) * channels), to * channels);
        label.set(this.#label.subarray(from, from + size[2]), to);
        if (this.#previous !== undefined) previous?.set(this.#previous.subarray(from, from + size[2]), to);
      }
      if (slice.isOver()) await slice.next();
    }
  }
}
