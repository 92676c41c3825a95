export { type ResampleArguments, resampleData, resampleLinear } from './resample-data.ts';
export { type LabelVolume, resampleLabels, resampleLabelsByLargest } from './resample-labels.ts';
export { type Resampling, resamplingOf } from './resampling.ts';
