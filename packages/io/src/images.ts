/** Images: what they are, reading them from any format, turning, cropping and normalising them. Each format's reader is loaded when it is met. */
export {
  type Affine,
  affineDifference,
  affineDirection,
  affineOrigin,
  affineSpacing,
  axisCodes,
  isInvertible,
  type Vector3,
} from './affine.ts';
export { folderFromFileList, folderFromFiles, type PathFile } from './browser-source.ts';
export {
  channelCount,
  type Geometry,
  type Image,
  selectChannel,
  spatialShape,
  type VoxelArray,
  type VoxelType,
  voxelCount,
  voxelType,
  withData,
} from './image.ts';
export {
  type Box,
  boundingBox,
  boxShape,
  cropToBox,
  insertIntoBox,
  interleaveChannels,
  nonzeroMask,
} from './preprocess/crop.ts';
export { fillHoles } from './preprocess/fill-holes.ts';
export { zScore } from './preprocess/z-score.ts';
export { readImage } from './read-image.ts';
export type { ReadOptions } from './read-options.ts';
export { readRange } from './read-range.ts';
export { reorient } from './reorient.ts';
export {
  type FileSource,
  type Folder,
  type FolderListing,
  readText,
  type StreamOptions,
  sourceFromBlob,
  sourceFromBytes,
} from './source.ts';
