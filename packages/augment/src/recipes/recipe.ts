/** A recipe: how patches become what the network is trained on, in order. */
import type { Triple } from '@voxelgrad/tensor';
import { type PreviousStageSettings, withoutDefects } from '../transforms/previous-stage.ts';
import type { SpatialSettings } from '../transforms/spatial.ts';
import type { Transform } from '../transforms/transform.ts';

export interface Recipe {
  readonly name: string;
  /** The patch to sample, larger than the network's where samples may be rotated. Give it to the sampler. */
  readonly initialPatchSize: Triple;
  /** Rotation and scaling, which come first and cut the final patch. Without them patches are cut as they are. */
  readonly spatial?: SpatialSettings;
  readonly transforms: readonly Transform[];
  /** Of a cascade: what the stage before found comes last, as further channels of the image. */
  readonly previousStage?: PreviousStageSettings;
}

/** What every recipe must know of the data. */
export interface RecipeSettings {
  /** The network's patch; depth 1 for 2-D. */
  readonly patchSize: Triple;
  /** Axes (0 depth, 1 height, 2 width) to mirror along; by default all that the patch has. Give none where left and right mean something. */
  readonly mirrorAxes?: readonly number[];
  /** For each channel whether it was normalised within a mask, which then must stay 0 outside (`use_mask_for_norm` of the plans). */
  readonly maskedChannels?: readonly boolean[];
  /** Whether 3-D patches much thinner than wide are rotated slice by slice ("dummy 2-D"); true by default. */
  readonly dummy2d?: boolean;
  /** Of a cascade: the labels of the stage before, each of which becomes a further channel. */
  readonly previousLabels?: readonly number[] | undefined;
}

/** The part of a recipe that gives a cascade what the stage before found, as it is or, in training, with `defects`. */
export const previousStage = (
  { previousLabels: labels }: RecipeSettings,
  defects: Omit<PreviousStageSettings, 'labels'> = withoutDefects,
): Pick<Recipe, 'previousStage'> => (labels === undefined ? {} : { previousStage: { labels, ...defects } });
