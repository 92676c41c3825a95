/** Layers, losses, optimizers and schedules for voxelgrad tensors. */
export { constantParameter, heNormal, type Initialization } from './initialization.ts';
export { BatchNorm } from './layers/batch-norm.ts';
export { Conv, type ConvSettings, ConvTranspose } from './layers/conv.ts';
export { InstanceNorm, type InstanceNormSettings } from './layers/norm.ts';
export { binaryCrossEntropy, crossEntropy } from './losses/cross-entropy.ts';
export { type DiceSettings, diceLoss } from './losses/dice.ts';
export { binaryFocalLoss, focalLoss, type TverskySettings, tverskyLoss } from './losses/focal.ts';
export {
  deepSupervision,
  deepSupervisionWeights,
  diceAndBinaryCrossEntropy,
  diceAndCrossEntropy,
  type LabelLossSettings,
  nearestTarget,
  oneHot,
  type SegmentationLoss,
  upsampledSupervision,
} from './losses/segmentation.ts';
export { topKCrossEntropy } from './losses/top-k.ts';
export { type ForwardHook, Module } from './module.ts';
export {
  Adam,
  type AdamOptions,
  AdamW,
  Adan,
  type AdanOptions,
  type LossScaling,
  Optimizer,
  type OptimizerSettings,
  type OptimizerState,
  type ParameterState,
  Sgd,
  type SgdOptions,
} from './optimizers/optimizer.ts';
export * from './safetensors/index.ts';
export { cosine, cosineRestarts, polynomial, warmUp, warmUpCosine } from './schedules/schedules.ts';
export {
  fromTorchLayout,
  loadStateDict,
  type NamedArray,
  stateDict,
  toTorchLayout,
  toTorchShape,
} from './state-dict.ts';
