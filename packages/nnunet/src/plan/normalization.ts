/** How each channel is normalised: by its name in dataset.json (map_channel_name_to_normalization.py of nnU-Net 2.8). */

export const normalizationSchemes = [
  'ZScoreNormalization',
  'CTNormalization',
  'NoNormalization',
  'RescaleTo01Normalization',
  'RGBTo01Normalization',
] as const;

export type NormalizationScheme = (typeof normalizationSchemes)[number];

const schemesByChannelName: Readonly<Record<string, NormalizationScheme>> = {
  ct: 'CTNormalization',
  nonorm: 'NoNormalization',
  zscore: 'ZScoreNormalization',
  rescale_to_0_1: 'RescaleTo01Normalization',
  rgb_to_0_1: 'RGBTo01Normalization',
};

/** Any other name means a modality without a scale of its own, as those of MRI: z-scores. */
export function normalizationOf(channelName: string): NormalizationScheme {
  const name = channelName.toLowerCase();
  return Object.hasOwn(schemesByChannelName, name) ? schemesByChannelName[name]! : 'ZScoreNormalization';
}

/** Cropping that leaves less of the images than this shows that there is much nothing around what is imaged. */
const croppedMuch = 3 / 4;

/** By channel: whether zeros around the object stay out of the statistics. */
export const usesMask = (schemes: readonly NormalizationScheme[], medianRelativeSizeAfterCropping: number): boolean[] =>
  schemes.map((scheme) => scheme === 'ZScoreNormalization' && medianRelativeSizeAfterCropping < croppedMuch);
