/** What needs Node: files and folders on disk. `@voxelgrad/io/node/disk` is the part of it that knows nothing of formats. */

export { type ConvertOptions, convertImage } from './node/convert-image.ts';
export * from './node/disk.ts';
export { readImageFile, type WriteFileOptions, writeImageFile } from './node/images.ts';
export { type NnunetRawOptions, writeNnunetRaw } from './node/nnunet-raw.ts';
export { type PhantomFilesOptions, writePhantomFiles } from './node/phantom-files.ts';
export { ScratchFile } from './node/scratch-file.ts';
