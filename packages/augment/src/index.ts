/** Patch sampling and the batched augmentations of nnU-Net, on tensors. */
export { Prefetcher, type PrefetchSettings, type WaitingTime } from './batches/prefetcher.ts';
export { type Batch, TrainingBatches, type TrainingBatchesSettings } from './batches/training-batches.ts';
export { type BatchRandom, batchRandom } from './random/batch-random.ts';
export { HostRandom, type HostRandomState } from './random/host-random.ts';
export { type Da5RecipeSettings, da5TrainingTransforms } from './recipes/da5.ts';
export { mildTransforms } from './recipes/mild.ts';
export { type NnunetRecipeSettings, nnunetTrainingTransforms, validationTransforms } from './recipes/nnunet.ts';
export { nvidiaOversampling, nvidiaTransforms } from './recipes/nvidia.ts';
export type { Recipe, RecipeSettings } from './recipes/recipe.ts';
export * from './sampling/index.ts';
export {
  applyBlankRectangles,
  type BlankRectangleSettings,
  blankRectangle,
  type Rectangle,
} from './transforms/blank-rectangle.ts';
export {
  type AdditiveBrightnessSettings,
  additiveBrightness,
  applyAdditiveBrightness,
  applyBrightness,
  type BrightnessSettings,
  brightness,
} from './transforms/brightness.ts';
export type { ChannelValues } from './transforms/channel-values.ts';
export { type Components, type Connectivity, connectedComponents } from './transforms/components.ts';
export { applyContrast, type ContrastParameters, type ContrastSettings, contrast } from './transforms/contrast.ts';
export { applyCrop } from './transforms/crop.ts';
export { applyDeepSupervision, deepSupervisionScales } from './transforms/deep-supervision.ts';
export { applyGamma, type GammaParameters, type GammaSettings, gamma } from './transforms/gamma.ts';
export {
  applyGaussianBlur,
  type BlurDeviations,
  type GaussianBlurSettings,
  gaussianBlur,
} from './transforms/gaussian-blur.ts';
export { applyGaussianNoise, type GaussianNoiseSettings, gaussianNoise } from './transforms/gaussian-noise.ts';
export {
  applyBrightnessGradient,
  applyLocalGamma,
  brightnessGradient,
  type LocalPlace,
  type LocalSettings,
  localGamma,
} from './transforms/local.ts';
export {
  applyLowResolution,
  type LowResolutionSettings,
  type LowResolutionSizes,
  lowResolution,
} from './transforms/low-resolution.ts';
export { applyMedian, type MedianSettings, median } from './transforms/median.ts';
export { applyMirror, type MirrorSettings, mirror } from './transforms/mirror.ts';
export { drawMultipliers, type MultiplierSettings, type Range } from './transforms/multiplier.ts';
export { oneOf } from './transforms/one-of.ts';
export { applyMask, applyReplaceLabel, maskOutside, removeOutsideLabel } from './transforms/outside.ts';
export { nnunetDefects, type PreviousStageSettings, withoutDefects } from './transforms/previous-stage.ts';
export { appendLabelChannels, applyRegions } from './transforms/regions.ts';
export { type Affine, affineMatrix } from './transforms/sampling-grid.ts';
export { applySharpening, type SharpenSettings, sharpen } from './transforms/sharpen.ts';
export { applySpatial, type SpatialParameters, type SpatialSettings, spatialDefaults } from './transforms/spatial.ts';
export type { Patches, PatchesShape, Step, Transform } from './transforms/transform.ts';
export { applyTurns, equalAxes, rotate90, type Turn, transposeAxes } from './transforms/turn.ts';
export { applyZoom, type ZoomSettings, zoom } from './transforms/zoom.ts';
