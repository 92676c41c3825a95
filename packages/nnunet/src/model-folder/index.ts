export {
  type CheckpointExport,
  type ExportedOptimizer,
  encodeNnunetCheckpoint,
  encodeStateDict,
} from './export-checkpoint.ts';
export { encodeNetworkAsOnnx, type OnnxExportOptions, onnxGraphOf } from './export-onnx.ts';
export { encodeFold, type WeightFormat, weightFormats } from './export-weights.ts';
export { findModels, type ModelLocation } from './locate.ts';
export { isDuplicateName, officialNames, originalName, unwrappedName } from './official-names.ts';
export { type OpenModelOptions, openModel, type TrainedModel } from './open-model.ts';
export { type ResumedTraining, resumeNnunetCheckpoint } from './resume-checkpoint.ts';
export {
  type CheckpointDetails,
  readCheckpointDetails,
  readWeightReferences,
  readWeights,
  type WeightReference,
} from './state-dicts.ts';
