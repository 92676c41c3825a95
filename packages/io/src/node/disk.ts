/** Files, folders and stored cases on disk, without the formats that images are written in. */
export { type Content, removeLeftovers, writeFileAtomic } from './atomic-write.ts';
export {
  cleanStore,
  isCaseStored,
  listStoredCases,
  openStoredCase,
  writeCase,
  writePrevious,
} from './case-store.ts';
export { openFile, openFolder } from './files.ts';
export { sidecarOf } from './sidecar.ts';
