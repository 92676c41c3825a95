/** Probabilities of the whole image from the pieces of its logits: what a piece means is put where it belongs, and nowhere else. */
import type { Labels } from '@voxelgrad/io';
import { sizeOf } from '@voxelgrad/tensor';
import type { Plans } from '../plan/plans.ts';
import { inOrder } from '../plan/target-spacing.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import type { Probabilities } from '../select/probabilities.ts';
import { lengthOf } from './logit-cells.ts';
import type { LogitPiece } from './resample-cells.ts';

/** Some rows of one plane of the crop, of one class. */
export interface Strip {
  readonly channel: number;
  readonly plane: number;
  /** The first row. */
  readonly row: number;
}

/** Room for all classes of the crop. */
export interface ProbabilityRoom {
  /** The crop's rows, one after the other. */
  write(strip: Strip, values: Float32Array): Promise<void> | void;
  read(strip: Strip, into: Float32Array): Promise<void> | void;
}

export class PieceProbabilities {
  readonly #room: ProbabilityRoom;
  readonly #classes: number;
  readonly #regions: boolean;
  /** Of the crop. */
  readonly #width: number;

  constructor(room: ProbabilityRoom, classes: number, properties: CaseProperties, labels: Labels) {
    this.#room = room;
    this.#classes = classes;
    this.#regions = labels.regions;
    this.#width = properties.shape_after_cropping_and_before_resampling[2]!;
  }

  /** Softmax needs all classes of a voxel: logits of some wait in the room for those of the others. */
  async add({ planes, rows, values, first, count }: LogitPiece): Promise<void> {
    const length = lengthOf(rows) * this.#width;
    const strips = new Float32Array(count * length);
    for (let plane = planes[0]; plane < planes[1]; plane++) {
      const from = (plane - planes[0]) * strips.length;
      for (let voxel = 0, read = from; voxel < length; voxel++)
        for (let c = 0; c < count; c++) strips[c * length + voxel] = values[read++]!;
      if (this.#regions) sigmoid(strips);
      else if (count === this.#classes) softmax(strips, count);
      await this.#write(strips, { channel: first, plane, row: rows[0] }, length);
    }
    if (this.#regions || count === this.#classes || first + count < this.#classes) return;
    const all = new Float32Array(this.#classes * length);
    for (let plane = planes[0]; plane < planes[1]; plane++) {
      for (let channel = 0; channel < this.#classes; channel++)
        await this.#room.read({ channel, plane, row: rows[0] }, all.subarray(channel * length, (channel + 1) * length));
      softmax(all, this.#classes);
      await this.#write(all, { channel: 0, plane, row: rows[0] }, length);
    }
  }

  /** Strips of the classes from that of `place` on. */
  async #write(strips: Float32Array, place: Strip, length: number): Promise<void> {
    for (let at = 0, { channel } = place; at < strips.length; at += length, channel++)
      await this.#room.write({ ...place, channel }, strips.subarray(at, at + length));
  }
}

/** The whole image in memory, as it was read. */
export class MemoryRoom implements ProbabilityRoom {
  readonly probabilities: Probabilities;
  /** Of the crop's axes in the image. */
  readonly #strides: readonly [number, number, number];
  readonly #start: number;
  readonly #width: number;
  readonly #size: number;

  constructor(classes: number, properties: CaseProperties, plans: Plans, { regions }: Labels) {
    const { shape, axes, lower, cropped } = cropInImage(properties, plans);
    const imageStrides = [shape[1]! * shape[2]!, shape[2]!, 1];
    this.#strides = [0, 1, 2].map((axis) => imageStrides[axes.indexOf(axis)]!) as [number, number, number];
    this.#start = lower.reduce((sum, low, axis) => sum + low * this.#strides[axis]!, 0);
    this.#width = cropped[2]!;
    this.#size = sizeOf(shape);
    const data = new Float32Array(classes * this.#size);
    if (!regions) data.fill(1, 0, this.#size);
    this.probabilities = { shape: [classes, ...shape], data };
  }

  write(strip: Strip, values: Float32Array): void {
    const { data } = this.probabilities;
    this.#visit(strip, values.length, (place, i) => {
      data[place] = values[i]!;
    });
  }

  read(strip: Strip, into: Float32Array): void {
    const { data } = this.probabilities;
    this.#visit(strip, into.length, (place, i) => {
      into[i] = data[place]!;
    });
  }

  #visit({ channel, plane, row }: Strip, length: number, each: (place: number, i: number) => void): void {
    const [strideZ, strideY, strideX] = this.#strides;
    const start = channel * this.#size + this.#start + plane * strideZ + row * strideY;
    for (let i = 0, line = start; i < length; line += strideY)
      for (let x = 0, place = line; x < this.#width; x++, place += strideX) each(place, i++);
  }
}

/** How the crop lies in the image as it was read. Outside of it is background for certain. */
export function cropInImage(properties: CaseProperties, { transpose_backward: axes }: Plans) {
  return {
    /** Of the image. */
    shape: inOrder(properties.shape_before_cropping, axes),
    /** The crop's axis for each of the image. */
    axes,
    /** By axis of the crop. */
    lower: properties.bbox_used_for_cropping.map(([low]) => low!),
    cropped: properties.shape_after_cropping_and_before_resampling,
  };
}

function sigmoid(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]!));
}

/** Over classes: `values [classes, voxels]`. */
function softmax(values: Float32Array, classes: number): void {
  const stride = values.length / classes;
  for (let first = 0; first < stride; first++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let i = first; i < values.length; i += stride) largest = Math.max(largest, values[i]!);
    let total = 0;
    for (let i = first; i < values.length; i += stride) total += Math.exp(values[i]! - largest);
    for (let i = first; i < values.length; i += stride) values[i] = Math.exp(values[i]! - largest) / total;
  }
}
