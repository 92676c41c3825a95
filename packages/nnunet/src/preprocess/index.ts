export { type CroppedCase, cropToNonzero } from './crop-to-nonzero.ts';
export {
  type CaseProperties,
  type Preprocessed,
  type PreprocessingContext,
  preprocessCase,
  readCaseFor,
} from './preprocess-case.ts';
export { type ResampleArguments, resampleData, resampleLinear } from './resample-data.ts';
export { resampleLabels, resampleLabelsByLargest } from './resample-labels.ts';
export { type Resampling, resamplingOf } from './resampling.ts';
