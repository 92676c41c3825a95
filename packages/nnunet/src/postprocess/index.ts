export { type Determined, determinePostprocessing } from './determine.ts';
export { type KeepLargest, type PostprocessingJson, postprocess, stepsFromJson, stepsToJson } from './steps.ts';
