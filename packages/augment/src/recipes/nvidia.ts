/**
 * The recipe of NVIDIA's nnU-Net (DeepLearningExamples, PyTorch/Segmentation/nnUNet/data_loading/dali_loader.py): zoom, flips, noise, blur, brightness
 * and contrast; no rotation, gamma or low resolution. Use it with 40 % of foreground patches drawn by chance.
 */
import { configurePatch } from '../sampling/initial-patch-size.ts';
import type { RandomPatchSettings } from '../sampling/patch-sampler.ts';
import { brightness } from '../transforms/brightness.ts';
import { contrast } from '../transforms/contrast.ts';
import { daliFilterLength, gaussianBlur } from '../transforms/gaussian-blur.ts';
import { gaussianNoise } from '../transforms/gaussian-noise.ts';
import { mirror } from '../transforms/mirror.ts';
import { maskOutside, removeOutsideLabel } from '../transforms/outside.ts';
import { nnunetDefects } from '../transforms/previous-stage.ts';
import { zoom } from '../transforms/zoom.ts';
import { previousStage, type Recipe, type RecipeSettings } from './recipe.ts';

/** Settings for RandomPatches that belong to this recipe. */
export const nvidiaOversampling: Required<Pick<RandomPatchSettings, 'foreground' | 'oversampling'>> = {
  foreground: 0.4,
  oversampling: 'probabilistic',
};

export const nvidiaTransforms = ({
  patchSize,
  mirrorAxes,
  maskedChannels = [],
  ...settings
}: RecipeSettings): Recipe => ({
  name: 'NVIDIA',
  initialPatchSize: patchSize,
  transforms: [
    zoom({ probability: 0.15, scale: [0.7, 1], inPlane: patchSize[0] === 1 }),
    mirror({ axes: mirrorAxes ?? configurePatch(patchSize).mirrorAxes }),
    gaussianNoise({ probability: 0.15, deviation: [0, 0.33], synchronizeChannels: false }),
    gaussianBlur({
      probability: 0.15,
      channelProbability: 1,
      deviation: [0.5, 1.5],
      synchronize: true,
      filterLength: daliFilterLength,
    }),
    brightness({ probability: 0.15, range: [0.7, 1.3], distribution: 'uniform', synchronizeChannels: true }),
    contrast({
      probability: 0.15,
      range: [0.65, 1.5],
      distribution: 'uniform',
      synchronizeChannels: true,
      about: 'zero',
      clampTo: 'sample',
    }),
    maskOutside(maskedChannels),
    removeOutsideLabel(),
  ],
  ...previousStage({ patchSize, ...settings }, nnunetDefects),
});
