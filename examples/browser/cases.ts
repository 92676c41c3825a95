/** Made-up cases as the network takes them: sequences normalised over the brain, the whole tumour labelled 1. */
import { makePhantomCase, modalities, zScore } from '@voxelgrad/io';
import { type Device, fromArray, type Tensor } from '@voxelgrad/tensor';

/** [z, y, x] of a case. */
export const SHAPE = [16, 40, 40] as const;
const VOXELS = SHAPE[0] * SHAPE[1] * SHAPE[2];
const SEED = 20;

export interface Case {
  /** f32, channels last. */
  readonly image: Float32Array;
  readonly label: Int32Array;
}

export function makeCase(index: number): Case {
  const { images, label } = makePhantomCase(index, { seed: SEED, shape: SHAPE });
  const image = new Float32Array(VOXELS * modalities.length);
  modalities.forEach((modality, channel) => {
    const values = zScore(Float32Array.from(images[modality].data), images[modality].data);
    for (let i = 0; i < VOXELS; i++) image[i * modalities.length + channel] = values[i]!;
  });
  return { image, label: Int32Array.from(label.data, (value) => (value > 0 ? 1 : 0)) };
}

/** `image [n, d, h, w, c]` and `label [n, d, h, w]` of some cases. */
export function batchOf(cases: readonly Case[], device: Device): { readonly image: Tensor; readonly label: Tensor } {
  const image = new Float32Array(cases.length * VOXELS * modalities.length);
  const label = new Int32Array(cases.length * VOXELS);
  cases.forEach((each, i) => {
    image.set(each.image, i * each.image.length);
    label.set(each.label, i * VOXELS);
  });
  return {
    image: fromArray(image, [cases.length, ...SHAPE, modalities.length], { device }),
    label: fromArray(label, [cases.length, ...SHAPE], { device }),
  };
}

/** The slice with the largest part of the tumour. */
export function largestSlice({ label }: Case): number {
  const area = SHAPE[1] * SHAPE[2];
  const areas = Array.from({ length: SHAPE[0] }, (_, z) =>
    label.subarray(z * area, (z + 1) * area).reduce((sum, value) => sum + value, 0),
  );
  return areas.indexOf(Math.max(...areas));
}

/** Dice of two masks, 1 where both are empty. */
export function diceOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, sum] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! * b[i]!;
    sum += a[i]! + b[i]!;
  }
  return sum === 0 ? 1 : (2 * both) / sum;
}
