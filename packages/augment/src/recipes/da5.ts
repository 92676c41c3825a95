/**
 * nnU-Net's heavy recipe (nnUNetTrainerDA5.get_training_transforms, v2.8.1), in its order and with its probabilities: what the plain one has, stronger, and
 * quarter turns, swapped axes, median filters, blank rectangles, local brightness and gamma, sharpening. The second gamma is inverted, too, as there.
 */
import { configurePatch } from '../sampling/initial-patch-size.ts';
import { blankRectangle } from '../transforms/blank-rectangle.ts';
import { additiveBrightness } from '../transforms/brightness.ts';
import { contrast } from '../transforms/contrast.ts';
import { gamma } from '../transforms/gamma.ts';
import { gaussianBlur } from '../transforms/gaussian-blur.ts';
import { gaussianNoise } from '../transforms/gaussian-noise.ts';
import { brightnessGradient, localGamma } from '../transforms/local.ts';
import { lowResolution } from '../transforms/low-resolution.ts';
import { median } from '../transforms/median.ts';
import { mirror } from '../transforms/mirror.ts';
import { oneOf } from '../transforms/one-of.ts';
import { maskOutside, removeOutsideLabel } from '../transforms/outside.ts';
import { nnunetDefects } from '../transforms/previous-stage.ts';
import { sharpen } from '../transforms/sharpen.ts';
import { type SpatialSettings, spatialDefaults } from '../transforms/spatial.ts';
import { equalAxes, rotate90, transposeAxes } from '../transforms/turn.ts';
import { previousStage, type Recipe, type RecipeSettings } from './recipe.ts';

export interface Da5RecipeSettings extends RecipeSettings {
  readonly spatial?: Partial<SpatialSettings>;
}

const scaling = [0.7, 1.43] as const;

export function da5TrainingTransforms(settings: Da5RecipeSettings): Recipe {
  const { patchSize } = settings;
  const { initialPatchSize, rotation, inPlane, mirrorAxes } = configurePatch(patchSize, {
    ...settings,
    smallestScale: scaling[0],
  });
  const axes = equalAxes(patchSize);
  const contrastOf = (clampTo: 'channel' | 'none') =>
    contrast({ probability: 0.2, channelProbability: 0.5, range: [0.5, 2], clampTo });
  const local = { probability: 0.3, channelProbability: 0.5, location: [-0.5, 1.5] } as const;
  return {
    name: 'DA5',
    initialPatchSize,
    spatial: {
      ...spatialDefaults,
      rotationProbability: 0.4,
      axisProbability: 0.5,
      rotation,
      inPlane,
      scaling,
      scaleAxesApart: true,
      ...settings.spatial,
    },
    transforms: [
      rotate90(0.5, axes),
      transposeAxes(0.5, axes),
      oneOf([
        median({ probability: 0.2, channelProbability: 0.5, size: [2, 8] }),
        gaussianBlur({ probability: 0.2, channelProbability: 0.5, deviation: [0.3, 1.5], synchronize: 'axes' }),
      ]),
      gaussianNoise({ probability: 0.1, deviation: [0, 0.1] }),
      additiveBrightness({ probability: 0.1, channelProbability: 0.5, deviation: 0.5 }),
      oneOf([contrastOf('channel'), contrastOf('none')]),
      lowResolution({ probability: 0.15, channelProbability: 0.5, scale: [0.25, 1], inPlane }),
      gamma({ probability: 0.1, invert: true }),
      gamma({ probability: 0.1, invert: true }),
      mirror({ axes: settings.mirrorAxes ?? mirrorAxes }),
      blankRectangle({
        probability: 0.4,
        channelProbability: 0.5,
        count: [1, 5],
        extents: (voxels) => [Math.max(1, Math.floor(voxels / 10)), Math.floor(voxels / 3)],
      }),
      brightnessGradient({
        ...local,
        values: [
          [-5, -1],
          [1, 5],
        ],
      }),
      localGamma({
        ...local,
        values: [
          [0.01, 0.8],
          [1.5, 4],
        ],
      }),
      sharpen({ probability: 0.2, channelProbability: 0.5, strength: [0.1, 1] }),
      maskOutside(settings.maskedChannels ?? []),
      removeOutsideLabel(),
    ],
    ...previousStage(settings, nnunetDefects),
  };
}
