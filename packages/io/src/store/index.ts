/** The store of preprocessed cases: writing them, and reading patches of them from wherever they lie. */
export {
  CaseMemory,
  type CaseSource,
  type CaseTarget,
  caseAtUrl,
  caseInFolder,
  type HttpOptions,
} from './case-source.ts';
export { ChunkCache } from './chunk-cache.ts';
export { chunkShapeFor } from './chunk-shape.ts';
export { caseInDirectory } from './directory-handle.ts';
export { isStored, type OpenCaseOptions, openCase } from './open.ts';
export type { JsonObject, PreprocessedCase, StoredLabels, StoredLocations } from './preprocessed-case.ts';
export { type PatchBox, type Pause, type StoredBoxTarget, StoredCase, type StoredPatch } from './stored-case.ts';
export { type StoreOptions, storeCase, storePrevious } from './write.ts';
