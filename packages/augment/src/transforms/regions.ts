/** Labels as regions that may overlap (batchgeneratorsv2, ConvertSegmentationToRegionsTransform), and as one channel for each label. */
import { cast, concat, equal, fromArray, logicalOr, reshape, scalar, type Tensor, tidy } from '@voxelgrad/tensor';

/** `[n, d, h, w, r]` f32 of 0 and 1 from `label [n, d, h, w]`: whether a voxel's label is among those of each region. */
export function applyRegions(label: Tensor, regions: readonly (readonly number[])[]): Tensor {
  const { device } = label;
  const column = reshape(label, [...label.shape, 1]);
  return tidy(() => {
    const channels = regions.map((labels) =>
      labels
        .map((value) => equal(column, scalar(value, { device, dtype: 'i32' })))
        .reduce((region, found) => logicalOr(region, found)),
    );
    return cast(concat(channels, 4), 'f32');
  });
}

/** `image` with one more channel, of 0 and 1, for each of `labels`: how a previous stage's segmentation is given to the next one. */
export function appendLabelChannels(image: Tensor, label: Tensor, labels: readonly number[]): Tensor {
  const { device } = image;
  return tidy(() => {
    const values = fromArray(Int32Array.from(labels), [labels.length], { device });
    return concat([image, cast(equal(reshape(label, [...label.shape, 1]), values), 'f32')], 4);
  });
}
