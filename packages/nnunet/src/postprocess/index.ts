export { type BratsRules, bratsDecision, bratsRules, bratsSegmentation } from './brats.ts';
export { type Determined, determinePostprocessing } from './determine.ts';
export { decodeSteps, encodeSteps } from './pickle.ts';
export { type KeepLargest, type PostprocessingJson, postprocess, stepsFromJson, stepsToJson } from './steps.ts';
