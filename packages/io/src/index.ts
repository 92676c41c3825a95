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
export { folderFromFileList, folderFromFiles, type PathFile } from './browser-source.ts';
export { type BratsConvention, bratsLabels } from './dataset/brats.ts';
export {
  type Case,
  type DataSet,
  datasetJson,
  type ImageReference,
  type Layout,
  type LoadedCase,
  readCase,
  readLabel,
} from './dataset/dataset.ts';
export { type DatasetDescription, readDatasetJson } from './dataset/dataset-json.ts';
export { imageReaderOf } from './dataset/image-reader.ts';
export {
  assertIntegrity,
  checkCase,
  checkIntegrity,
  describeIntegrity,
  type IntegrityOptions,
  type IntegrityReport,
} from './dataset/integrity.ts';
export {
  allowedValues,
  type ForegroundClass,
  type LabelEntries,
  type Labels,
  labelEntries,
  labelsToRegions,
  parseLabels,
  regionsToLabels,
} from './dataset/labels.ts';
export { openImages, type Split } from './dataset/listed.ts';
export { type Renumbered, renumbered } from './dataset/nnunet-labels.ts';
export { type OpenOptions, openDataSet } from './dataset/open.ts';
export type { PatternOptions } from './dataset/pattern.ts';
export {
  type DicomSeries,
  listDicomSeries,
  type ReadSeriesOptions,
  readDicomFiles,
  readDicomSeries,
} from './dicom/read.ts';
export type { EncodeOptions } from './encode-parts.ts';
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
export { encodeMetaImage } from './metaimage/write.ts';
export type { NiftiHeader } from './nifti/header.ts';
export { readNifti, readNiftiHeader } from './nifti/read.ts';
export { encodeNifti, type WriteOptions } from './nifti/write.ts';
export { encodeNrrd } from './nrrd/write.ts';
export { encodeNpy, type NumpyFile, parseNpy } from './numpy/npy.ts';
export { encodeNpz, readNpz } from './numpy/npz.ts';
export {
  encodeOnnx,
  type OnnxAttribute,
  type OnnxExtent,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  type OnnxWeight,
} from './onnx/encode.ts';
export { type Modality, modalities } from './phantom/contrast.ts';
export { defaultPhantomShape, makePhantomCase, type PhantomCase, type PhantomOptions } from './phantom/phantom.ts';
export * from './pickle/index.ts';
export { encodePng, type PngOptions } from './png/write.ts';
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
export * from './pytorch/index.ts';
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
export {
  CaseMemory,
  type CaseSource,
  type CaseTarget,
  caseAtUrl,
  caseInFolder,
  type HttpOptions,
} from './store/case-source.ts';
export { ChunkCache } from './store/chunk-cache.ts';
export { chunkShapeFor } from './store/chunk-shape.ts';
export { caseInDirectory } from './store/directory-handle.ts';
export { isStored, type OpenCaseOptions, openCase } from './store/open.ts';
export type { JsonObject, PreprocessedCase, StoredLabels, StoredLocations } from './store/preprocessed-case.ts';
export { type PatchBox, type Pause, type StoredBoxTarget, StoredCase, type StoredPatch } from './store/stored-case.ts';
export { type StoreOptions, storeCase, storePrevious } from './store/write.ts';
export { encodeTiff, type TiffOptions, tiffSidecar } from './tiff/write.ts';
export { openZip, ZipArchive } from './zip/archive.ts';
export type { ZipEntry, ZipLimits } from './zip/directory.ts';
export { folderFromZip } from './zip/folder.ts';
export { encodeZip, type ZipMember } from './zip/write.ts';
