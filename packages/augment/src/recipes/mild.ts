/**
 * A light recipe for short runs: mirroring and a little noise, brightness and contrast. It needs no larger patch, costs next to nothing, and slows
 * fitting down less than the full recipe, which is made for a thousand epochs.
 */
import { configurePatch } from '../sampling/initial-patch-size.ts';
import { brightness } from '../transforms/brightness.ts';
import { contrast } from '../transforms/contrast.ts';
import { gaussianNoise } from '../transforms/gaussian-noise.ts';
import { mirror } from '../transforms/mirror.ts';
import { maskOutside, removeOutsideLabel } from '../transforms/outside.ts';
import { nnunetDefects } from '../transforms/previous-stage.ts';
import { previousStage, type Recipe, type RecipeSettings } from './recipe.ts';

export const mildTransforms = ({
  patchSize,
  mirrorAxes,
  maskedChannels = [],
  ...settings
}: RecipeSettings): Recipe => ({
  name: 'mild',
  initialPatchSize: patchSize,
  transforms: [
    gaussianNoise({ probability: 0.15, deviation: [0, 0.05] }),
    brightness({ probability: 0.15, range: [0.9, 1.1] }),
    contrast({ probability: 0.15, range: [0.9, 1.1] }),
    mirror({ axes: mirrorAxes ?? configurePatch(patchSize).mirrorAxes }),
    maskOutside(maskedChannels),
    removeOutsideLabel(),
  ],
  ...previousStage({ patchSize, ...settings }, nnunetDefects),
});
