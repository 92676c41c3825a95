/** Medical images and data sets. Runs in Node and in browsers; files on disk are behind `@voxelgrad/io/node`. */
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
export type { NiftiHeader } from './nifti/header.ts';
export { type ReadOptions, readNifti, readNiftiHeader } from './nifti/read.ts';
export { encodeNifti, type WriteOptions } from './nifti/write.ts';
export { readImage } from './read-image.ts';
export {
  type FileSource,
  type Folder,
  type FolderListing,
  type StreamOptions,
  sourceFromBlob,
  sourceFromBytes,
} from './source.ts';
