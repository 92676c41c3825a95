/**
 * What a transform is. It works in two steps: it first draws, on the host, what it will do to each sample of a batch; if that is anything at all, the
 * step it returns then does it to the whole batch on the device. The deterministic part of each transform is a function of its own (`applyGamma`, …).
 */
import type { RandomGenerator, Tensor, Triple } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';

/** Patches on a device. */
export interface Patches {
  /** f32 `[n, d, h, w, c]`. */
  readonly image: Tensor;
  /** i32 `[n, d, h, w]`; −1 outside of the case. */
  readonly label: Tensor;
  /** Of a cascade: what the stage before found, like `label`. */
  readonly previous?: Tensor;
}

/** `change` done to the labels and, of a cascade, to what the stage before found. */
export const onLabels = (
  { label, previous }: Patches,
  change: (label: Tensor) => Tensor,
): Pick<Patches, 'label' | 'previous'> => ({
  label: change(label),
  ...(previous === undefined ? {} : { previous: change(previous) }),
});

export interface PatchesShape {
  readonly samples: number;
  readonly size: Triple;
  readonly channels: number;
}

/** Does what was drawn. It may return tensors that it was given, and disposes of none: run it inside `tidy`. */
export type Step = (patches: Patches, noise: RandomGenerator) => Patches;

export interface Transform {
  readonly name: string;
  /** The step for a batch of this shape, or undefined if no sample is to be changed. */
  draw(random: HostRandom, shape: PatchesShape): Step | undefined;
}

/** A step that changes the images of some samples and leaves everything else. */
export const imageStep =
  (change: (image: Tensor, noise: RandomGenerator) => Tensor): Step =>
  (patches, noise) => ({ ...patches, image: change(patches.image, noise) });
