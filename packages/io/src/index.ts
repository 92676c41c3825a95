/**
 * Medical images and data sets. Runs in Node and in browsers; files on disk are behind `@voxelgrad/io/node`. Who wants little loads less: `@voxelgrad/io/images`,
 * `@voxelgrad/io/datasets` and `@voxelgrad/io/store` are parts of it.
 */
export * from './datasets.ts';
export {
  type DicomSeries,
  listDicomSeries,
  type ReadSeriesOptions,
  readDicomFiles,
  readDicomSeries,
} from './dicom/read.ts';
export type { EncodeOptions } from './encode-parts.ts';
export * from './images.ts';
export { encodeMetaImage } from './metaimage/write.ts';
export type { NiftiHeader } from './nifti/header.ts';
export { readNifti, readNiftiHeader } from './nifti/read.ts';
export { encodeNifti, type WriteOptions } from './nifti/write.ts';
export { encodeNrrd } from './nrrd/write.ts';
export { encodeNpy, type NumpyFile, parseNpy } from './numpy/npy.ts';
export { encodeNpz, type NumpyStream, readNpz } from './numpy/npz.ts';
export { NpzReader } from './numpy/npz-reader.ts';
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
export * from './pytorch/index.ts';
export * from './store/index.ts';
export { encodeTiff, type TiffOptions, tiffSidecar } from './tiff/write.ts';
export { openZip, ZipArchive } from './zip/archive.ts';
export type { ZipEntry, ZipLimits } from './zip/directory.ts';
export { folderFromZip } from './zip/folder.ts';
export { encodeZip, type ZipMember } from './zip/write.ts';
