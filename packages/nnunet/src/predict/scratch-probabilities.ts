/**
 * Probabilities of the crop outside of memory, in a scratch file say, and from there in the order of an array file, class after class: all of a hundred
 * classes of a CT are tens of gigabytes, one is half of one.
 */
import type { Labels, NumpyStream } from '@voxelgrad/io';
import { sizeOf, type Triple } from '@voxelgrad/tensor';
import type { Plans } from '../plan/plans.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import { cropInImage, type ProbabilityRoom, type Strip } from './piece-probabilities.ts';

/** Floats that can be written and read at any place. */
export interface ProbabilityScratch {
  write(at: number, values: Float32Array): Promise<void>;
  /** Fills `into` with what was written from place `at` on. */
  read(at: number, into: Float32Array): Promise<void>;
}

export class ScratchRoom implements ProbabilityRoom {
  readonly #scratch: ProbabilityScratch;
  readonly #classes: number;
  readonly #crop: ReturnType<typeof cropInImage>;
  readonly #regions: boolean;

  constructor(
    scratch: ProbabilityScratch,
    classes: number,
    properties: CaseProperties,
    plans: Plans,
    { regions }: Labels,
  ) {
    this.#scratch = scratch;
    this.#classes = classes;
    this.#crop = cropInImage(properties, plans);
    this.#regions = regions;
  }

  write(strip: Strip, values: Float32Array): Promise<void> {
    return this.#scratch.write(this.#placeOf(strip), values);
  }

  read(strip: Strip, into: Float32Array): Promise<void> {
    return this.#scratch.read(this.#placeOf(strip), into);
  }

  #placeOf({ channel, plane, row }: Strip): number {
    const [depth, height, width] = this.#crop.cropped as readonly [number, number, number];
    return ((channel * depth + plane) * height + row) * width;
  }

  /** `[classes, z, y, x]` of the whole image as it was read, in planes. The scratch must stay until they are taken. */
  get stream(): NumpyStream {
    return { shape: [this.#classes, ...this.#crop.shape], pieces: this.#planes() };
  }

  async *#planes(): AsyncIterable<Float32Array> {
    const { shape, axes, lower, cropped } = this.#crop;
    const [planes, rows, width] = shape as unknown as Triple;
    const strides = [cropped[1]! * cropped[2]!, cropped[2]!, 1];
    const along = (imageAxis: number) => {
      const axis = axes[imageAxis]!;
      return { first: lower[axis]!, end: lower[axis]! + cropped[axis]!, stride: strides[axis]! };
    };
    const [z, y, x] = [along(0), along(1), along(2)];
    const crop = new Float32Array(sizeOf(cropped));
    for (let channel = 0; channel < this.#classes; channel++) {
      await this.#scratch.read(channel * crop.length, crop);
      for (let plane = 0; plane < planes; plane++) {
        const values = new Float32Array(rows * width);
        if (channel === 0 && !this.#regions) values.fill(1);
        if (plane >= z.first && plane < z.end)
          for (let row = y.first; row < y.end; row++) {
            let from = (plane - z.first) * z.stride + (row - y.first) * y.stride;
            for (let column = x.first; column < x.end; column++, from += x.stride)
              values[row * width + column] = crop[from]!;
          }
        yield values;
      }
    }
  }
}
