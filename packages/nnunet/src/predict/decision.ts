/**
 * Decides what each voxel is, class after class, so that no more than a few classes' logits need to be there at once: with a hundred classes a CT's
 * logits would take tens of gigabytes at its own resolution.
 */
import type { Labels } from '@voxelgrad/io';
import { sizeOf, type Triple } from '@voxelgrad/tensor';
import { lengthOf } from './logit-cells.ts';
import type { LogitPiece } from './resample-cells.ts';

/** Room for the labels of so many voxels; background. */
function labelArray(voxels: number, labels: Labels): Uint8Array | Uint16Array {
  const painted = labels.regionsClassOrder ?? labels.classes.flatMap(({ values }) => values);
  return Math.max(...painted) < 255 ? new Uint8Array(voxels) : new Uint16Array(voxels);
}

/** A segmentation `[d, h, w]` that is decided on piece by piece. */
export class PieceDecision {
  readonly segmentation: Uint8Array | Uint16Array;
  readonly #classes: number;
  readonly #size: Triple;
  readonly #labels: Labels;
  /** Of the place that is in work, until it has all classes. */
  #decision: Decision | undefined;

  constructor(classes: number, size: Triple, labels: Labels) {
    this.#classes = classes;
    this.#size = size;
    this.#labels = labels;
    this.segmentation = labelArray(sizeOf(size), labels);
  }

  add({ planes, rows, values, first, count }: LogitPiece): void {
    const [, height, width] = this.#size;
    const strip = lengthOf(rows) * width;
    if (first === 0) this.#decision = new Decision(lengthOf(planes) * strip, this.#labels);
    this.#decision!.add(values, first, count);
    if (first + count < this.#classes) return;
    const { segmentation } = this.#decision!;
    for (let plane = planes[0]; plane < planes[1]; plane++) {
      const from = (plane - planes[0]) * strip;
      this.segmentation.set(segmentation.subarray(from, from + strip), (plane * height + rows[0]) * width);
    }
  }
}

export class Decision {
  readonly segmentation: Uint8Array | Uint16Array;
  readonly #labels: Labels;
  readonly #threshold: number;
  /** Of plain labels: the largest logit so far. */
  readonly #best: Float32Array | undefined;

  /** Regions are where their score is above `threshold`: 0 for logits, 0.5 for probabilities. */
  constructor(voxels: number, labels: Labels, threshold = 0) {
    this.#threshold = threshold;
    this.segmentation = labelArray(voxels, labels);
    this.#labels = labels;
    this.#best = labels.regions ? undefined : new Float32Array(voxels).fill(Number.NEGATIVE_INFINITY);
  }

  /** `logits [voxels, count]` of the classes from `first` on, of the voxels from `start` on. Each voxel's classes come in ascending order. */
  add(logits: ArrayLike<number>, first: number, count: number, start = 0): void {
    if (this.#best === undefined) this.#paint(logits, first, count, start);
    else this.#compare(this.#best, logits, first, count, start);
  }

  /** The first of equal logits wins. */
  #compare(best: Float32Array, logits: ArrayLike<number>, first: number, count: number, start: number): void {
    const values = [0, ...this.#labels.classes.map(({ values: [value] }) => value!)];
    for (let voxel = start, at = 0; at < logits.length; voxel++)
      for (let c = first; c < first + count; c++, at++)
        if (logits[at]! > best[voxel]!) {
          best[voxel] = logits[at]!;
          this.segmentation[voxel] = values[c]!;
        }
  }

  /** Regions with a probability above one half, later ones over earlier ones. */
  #paint(logits: ArrayLike<number>, first: number, count: number, start: number): void {
    const order = this.#labels.regionsClassOrder!;
    for (let voxel = start, at = 0; at < logits.length; voxel++)
      for (let c = first; c < first + count; c++, at++)
        if (logits[at]! > this.#threshold) this.segmentation[voxel] = order[c]!;
  }
}
