/** Data sets: their layouts, labels and cases, and whether these fit together. */
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
