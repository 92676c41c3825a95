/** nnU-Net's own recipe (nnUNetTrainer.get_training_transforms and get_validation_transforms, v2.8.1), in its order and with its probabilities. */
import { configurePatch } from '../sampling/initial-patch-size.ts';
import { type BrightnessSettings, brightness } from '../transforms/brightness.ts';
import { type ContrastSettings, contrast } from '../transforms/contrast.ts';
import { type GammaSettings, gamma } from '../transforms/gamma.ts';
import { type GaussianBlurSettings, gaussianBlur } from '../transforms/gaussian-blur.ts';
import { type GaussianNoiseSettings, gaussianNoise } from '../transforms/gaussian-noise.ts';
import { type LowResolutionSettings, lowResolution } from '../transforms/low-resolution.ts';
import { type MirrorSettings, mirror } from '../transforms/mirror.ts';
import { maskOutside, removeOutsideLabel } from '../transforms/outside.ts';
import { nnunetDefects } from '../transforms/previous-stage.ts';
import { type SpatialSettings, spatialDefaults } from '../transforms/spatial.ts';
import { previousStage, type Recipe, type RecipeSettings } from './recipe.ts';

/** Each part may be changed in single settings. A part is left out by giving it probability 0. */
export interface NnunetRecipeSettings extends RecipeSettings {
  readonly spatial?: Partial<SpatialSettings>;
  readonly noise?: Partial<GaussianNoiseSettings>;
  readonly blur?: Partial<GaussianBlurSettings>;
  readonly brightness?: Partial<BrightnessSettings>;
  readonly contrast?: Partial<ContrastSettings>;
  readonly lowResolution?: Partial<LowResolutionSettings>;
  readonly invertedGamma?: Partial<GammaSettings>;
  readonly gamma?: Partial<GammaSettings>;
  readonly mirror?: Partial<MirrorSettings>;
}

export function nnunetTrainingTransforms(settings: NnunetRecipeSettings): Recipe {
  const { initialPatchSize, rotation, inPlane, mirrorAxes } = configurePatch(settings.patchSize, settings);
  return {
    name: 'nnU-Net',
    initialPatchSize,
    spatial: { ...spatialDefaults, rotation, inPlane, ...settings.spatial },
    transforms: [
      gaussianNoise(settings.noise),
      gaussianBlur(settings.blur),
      brightness(settings.brightness),
      contrast(settings.contrast),
      lowResolution({ inPlane, ...settings.lowResolution }),
      gamma({ ...settings.invertedGamma, invert: true }),
      gamma({ ...settings.gamma, invert: false }),
      mirror({ axes: settings.mirrorAxes ?? mirrorAxes, ...settings.mirror }),
      maskOutside(settings.maskedChannels ?? []),
      removeOutsideLabel(),
    ],
    ...previousStage(settings, nnunetDefects),
  };
}

/** For validation patches: nothing but the cleaning of labels. */
export const validationTransforms = (settings: RecipeSettings): Recipe => ({
  name: 'validation',
  initialPatchSize: settings.patchSize,
  transforms: [removeOutsideLabel()],
  ...previousStage(settings),
});
