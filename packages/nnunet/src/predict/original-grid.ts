/** Segmentations on the grid of the image that they belong to, as it lies in its file. */
import { axisCodes, type Image, reorient, spatialShape, type VoxelArray, withData } from '@voxelgrad/io';
import { asReaderTurns, type ImageReader } from '../preprocess/preprocess-case.ts';

/** `data` lies as the plans' reader turns images; the result lies as `original` does, with its geometry to the bit. Throws 'shape', with `what`. */
export function onOriginalGrid<Data extends VoxelArray>(
  plans: ImageReader,
  original: Image,
  data: Data,
  what?: string,
): Image<Data> {
  const image = original as Image<Float32Array>;
  const turned = asReaderTurns(plans, { name: '', channels: [image] }).channels[0]!;
  const shape = spatialShape(original);
  if (turned === image) return withData(original, shape, data, what);
  const segmentation = withData(turned, spatialShape(turned), data, what);
  return withData(original, shape, reorient(segmentation, axisCodes(original.affine)).data as Data);
}
