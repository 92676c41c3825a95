/** What becomes of voxels outside of a case's nonzero region, whose label is −1 (batchgeneratorsv2, MaskImageTransform, RemoveLabelTansform). */
import { equal, fromArray, less, logicalAnd, reshape, scalar, type Tensor, tidy, where } from '@voxelgrad/tensor';
import { onLabels, type Patches, type Transform } from './transform.ts';

/** Sets the image to 0 where the label is negative, in the channels that were normalised within the mask. */
export function applyMask({ image, label }: Patches, channels: readonly boolean[]): Tensor {
  const { device } = image;
  return tidy(() => {
    const outside = less(reshape(label, [...label.shape, 1]), scalar(0, { device, dtype: 'i32' }));
    const masked = fromArray(Uint8Array.from(channels, Number), [1, 1, 1, 1, channels.length], {
      device,
      dtype: 'bool',
    });
    return where(channels.every(Boolean) ? outside : logicalAnd(outside, masked), scalar(0, { device }), image);
  });
}

/** Replaces one label by another. */
export function applyReplaceLabel(label: Tensor, from: number, to: number): Tensor {
  const { device } = label;
  const constant = (value: number): Tensor => scalar(value, { device, dtype: 'i32' });
  return tidy(() => where(equal(label, constant(from)), constant(to), label));
}

/** For datasets whose images were normalised within a mask: noise and the like must not leave it. */
export const maskOutside = (channels: readonly boolean[]): Transform => ({
  name: 'mask outside',
  draw: () => (channels.some(Boolean) ? (patches) => ({ ...patches, image: applyMask(patches, channels) }) : undefined),
});

/** Makes −1 background. */
export const removeOutsideLabel = (): Transform => ({
  name: 'remove label -1',
  draw: () => (patches) => ({
    image: patches.image,
    ...onLabels(patches, (label) => applyReplaceLabel(label, -1, 0)),
  }),
});
