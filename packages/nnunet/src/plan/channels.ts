/** What goes into the network of a configuration and comes out of it, in a cascade from one stage to the next. */
import type { DatasetDescription, Labels } from '@voxelgrad/io';
import type { Configuration } from './plans.ts';

/** Output channels: one for each region, or for each label and the background. */
export const outputChannels = (labels: Labels): number => labels.classes.length + (labels.regions ? 0 : 1);

/** The images' channels, that of the foreground where the plans want it and, in a cascade, one more for each label of the stage before. */
export const inputChannelsOf = (...input: Parameters<typeof inputChannelNames>): number =>
  inputChannelNames(...input).length;

/** What the network sees, channel by channel. */
export function inputChannelNames(
  { channelNames, labels }: Pick<DatasetDescription, 'channelNames' | 'labels'>,
  configuration: Configuration,
): readonly string[] {
  const stage = previousStageOf(configuration);
  return [
    ...channelNames,
    ...(configuration.foreground_mask_channel === true ? ['foreground'] : []),
    ...(stage === undefined ? [] : foregroundLabels(labels).map((label) => `label ${label} of ${stage}`)),
  ];
}

/** In a cascade the configuration whose results are further input channels; undefined for any other. */
export const previousStageOf = ({ previous_stage: stage }: Configuration): string | undefined => stage ?? undefined;

/** Configurations whose input the results of this one are. */
export const nextStagesOf = ({ next_stage: stages }: Configuration): readonly string[] =>
  stages === undefined || stages === null ? [] : [stages].flat();

/** Labels that occur in the truth, but for background and what is to be ignored, in ascending order. */
export const foregroundLabels = ({ classes }: Labels): readonly number[] =>
  [...new Set(classes.flatMap(({ values }) => values))].sort((a, b) => a - b);
