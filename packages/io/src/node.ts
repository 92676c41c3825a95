/** What needs Node: files and folders on disk. */
export { type Content, removeLeftovers, writeFileAtomic } from './node/atomic-write.ts';
export {
  cleanStore,
  isCaseStored,
  listStoredCases,
  openStoredCase,
  writeCase,
  writePrevious,
} from './node/case-store.ts';
export { type ConvertOptions, convertImage } from './node/convert-image.ts';
export { openFile, openFolder } from './node/files.ts';
export { readImageFile, type WriteFileOptions, writeImageFile } from './node/images.ts';
export { type NnunetRawOptions, writeNnunetRaw } from './node/nnunet-raw.ts';
export { type PhantomFilesOptions, writePhantomFiles } from './node/phantom-files.ts';
export { ScratchFile } from './node/scratch-file.ts';
