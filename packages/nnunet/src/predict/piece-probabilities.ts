/** Probabilities of the whole image, filled in piece by piece where they belong: there is no second copy of them. */
import type { Labels } from '@voxelgrad/io';
import { sizeOf } from '@voxelgrad/tensor';
import type { Plans } from '../plan/plans.ts';
import { inOrder } from '../plan/target-spacing.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import type { Probabilities } from '../select/probabilities.ts';
import type { LogitPiece } from './resample-cells.ts';

export class PieceProbabilities {
  readonly #probabilities: Probabilities & { readonly data: Float32Array };
  readonly #regions: boolean;
  /** Of the crop's axes in the image as it was read. */
  readonly #strides: readonly number[];
  readonly #lower: readonly number[];
  readonly #width: number;

  constructor(classes: number, properties: CaseProperties, { transpose_backward: backward }: Plans, labels: Labels) {
    const shape = inOrder(properties.shape_before_cropping, backward);
    const strides = [shape[1]! * shape[2]!, shape[2]!, 1];
    this.#strides = [0, 1, 2].map((axis) => strides[backward.indexOf(axis)]!);
    this.#lower = properties.bbox_used_for_cropping.map(([low]) => low!);
    this.#width = properties.shape_after_cropping_and_before_resampling[2]!;
    this.#regions = labels.regions;
    const data = new Float32Array(classes * sizeOf(shape));
    // Outside of the crop is background.
    if (!labels.regions) data.fill(1, 0, sizeOf(shape));
    this.#probabilities = { shape: [classes, ...shape], data };
  }

  get probabilities(): Probabilities {
    return this.#probabilities;
  }

  add({ planes, rows, values, first, count }: LogitPiece): void {
    const { shape, data } = this.#probabilities;
    const [classes] = shape as [number];
    const size = sizeOf(shape.slice(1));
    const [strideZ, strideY, strideX] = this.#strides as [number, number, number];
    const [lowZ, lowY, lowX] = this.#lower as [number, number, number];
    const last = first + count === classes;
    let read = 0;
    for (let z = planes[0]; z < planes[1]; z++)
      for (let y = rows[0]; y < rows[1]; y++) {
        let voxel = (z + lowZ) * strideZ + (y + lowY) * strideY + lowX * strideX;
        for (let x = 0; x < this.#width; x++, voxel += strideX) {
          for (let c = 0; c < count; c++) {
            const value = values[read++]!;
            data[(first + c) * size + voxel] = this.#regions ? 1 / (1 + Math.exp(-value)) : value;
          }
          if (last && !this.#regions) softmax(data, voxel, size, classes);
        }
      }
  }
}

/** Over the values at `first`, `first + stride`, … */
function softmax(data: Float32Array, first: number, stride: number, count: number): void {
  const end = first + count * stride;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = first; i < end; i += stride) largest = Math.max(largest, data[i]!);
  let total = 0;
  for (let i = first; i < end; i += stride) total += Math.exp(data[i]! - largest);
  for (let i = first; i < end; i += stride) data[i] = Math.exp(data[i]! - largest) / total;
}
