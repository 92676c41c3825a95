/** Batches, and the parts that they can be gone through in. */
import { narrow, type Tensor } from '@voxelgrad/tensor';

/** Tensors of one iteration; the trainer disposes of them. */
export interface Batch {
  /** `[n, …space, c]`. */
  readonly image: Tensor;
  /** Labels `[n, …space]` (i32), or regions `[n, …space, r]` (f32). */
  readonly target: Tensor;
}

export interface BatchPart extends Batch {
  /** Of the batch's samples. */
  readonly share: number;
}

/**
 * Calls `use` with each of at most `count` parts of a batch, as even as can be, one after the other. The whole batch is its only part; others are copies, made
 * within the call's `tidy`, if it has one.
 */
export function mapParts<T>({ image, target }: Batch, count: number, use: (part: () => BatchPart) => T): T[] {
  const samples = image.shape[0]!;
  const parts = Math.min(count, samples);
  if (parts === 1) return [use(() => ({ image, target, share: 1 }))];
  return Array.from({ length: parts }, (_, part) => {
    const [first, end] = [part, part + 1].map((edge) => Math.floor((edge * samples) / parts)) as [number, number];
    return use(() => ({
      image: narrow(image, 0, first, end - first),
      target: narrow(target, 0, first, end - first),
      share: (end - first) / samples,
    }));
  });
}
