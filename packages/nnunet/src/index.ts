/** nnU-Net: networks, prediction, evaluation. */
export * from './evaluate/index.ts';
export * from './fingerprint/index.ts';
export * from './inference-geometry/index.ts';
export * from './model-folder/index.ts';
export {
  type Architecture,
  completeArchitecture,
  divisors,
  type SkipFusion,
  type UNetOptions,
} from './networks/architecture.ts';
export { PlainConvUNet } from './networks/plain-conv-unet.ts';
export { ResidualEncoderUNet } from './networks/residual-encoder-unet.ts';
export type { NetworkPlacement, SegmentationNetwork } from './networks/unet.ts';
export * from './plan/index.ts';
export * from './postprocess/index.ts';
export { compilePrediction, type WindowShape } from './predict/compile-prediction.ts';
export {
  type ExportContext,
  type ExportedPrediction,
  type ExportOptions,
  exportPrediction,
  probabilitiesOfLogits,
  segmentationOfLogits,
} from './predict/export-prediction.ts';
export type { LogitBlock, LogitCell, LogitStream } from './predict/logit-cells.ts';
export {
  type CasePrediction,
  type CasePredictionOptions,
  type Predictor,
  predictCase,
  predictImages,
  predictLogits,
} from './predict/predict-case.ts';
export type { ProbabilityScratch } from './predict/scratch-probabilities.ts';
export { largestClass, toSegmentation } from './predict/segmentation.ts';
export {
  predictSlidingWindow,
  type SlidingWindowOptions,
  streamSlidingWindow,
  type Volume,
} from './predict/sliding-window.ts';
export * from './preprocess/index.ts';
export * from './report/index.ts';
export * from './splits/index.ts';
export type { Batch } from './train/batch.ts';
export {
  type Checkpoint,
  describeCheckpoint,
  type ExpectedRun,
  encodeCheckpoint,
  restoreCheckpoint,
  resumeCheckpoint,
} from './train/checkpoint.ts';
export { type EpochRecord, emptyHistory, meanDice, type TrainingHistory } from './train/history.ts';
export { PseudoDice } from './train/pseudo-dice.ts';
export { type TrainingEnd, type TrainingSettings, train } from './train/trainer.ts';
export { TrainingStep, type TrainingStepSettings } from './train/training-step.ts';
