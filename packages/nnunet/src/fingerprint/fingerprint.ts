/** What nnU-Net wants to know of a data set before it plans: `dataset_fingerprint.json`, read with care and written as the official code does. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { JsonReader } from '../json/json-reader.ts';

export const fingerprintFile = 'dataset_fingerprint.json';

/** Of the voxels inside any foreground label, over the whole data set. */
export interface IntensityProperties {
  readonly max: number;
  readonly mean: number;
  readonly median: number;
  readonly min: number;
  readonly percentile_00_5: number;
  readonly percentile_99_5: number;
  /** Population standard deviation. */
  readonly std: number;
}

export interface DatasetFingerprint {
  /** By channel number: '0', '1', …. */
  readonly foreground_intensity_properties_per_channel: Readonly<Record<string, IntensityProperties>>;
  /** Median over the cases of (voxels after cropping / voxels before). */
  readonly median_relative_size_after_cropping: number;
  /** [z, y, x] of each case in voxels, after cropping to what is not zero. */
  readonly shapes_after_crop: readonly (readonly number[])[];
  /** [z, y, x] of each case in mm. */
  readonly spacings: readonly (readonly number[])[];
}

/** Throws 'format' for what is no fingerprint. */
export function parseFingerprint(text: string, file = fingerprintFile): DatasetFingerprint {
  const json = JsonReader.parse(text, file);
  const properties = json.at('foreground_intensity_properties_per_channel');
  const fingerprint: DatasetFingerprint = {
    foreground_intensity_properties_per_channel: Object.fromEntries(
      properties.keys().map((channel) => [channel, readIntensityProperties(properties.at(channel))]),
    ),
    median_relative_size_after_cropping: json.at('median_relative_size_after_cropping').number(),
    shapes_after_crop: json
      .at('shapes_after_crop')
      .items()
      .map((shape) => shape.numbers(3)),
    spacings: json
      .at('spacings')
      .items()
      .map((spacing) => spacing.numbers(3)),
  };
  const { spacings, shapes_after_crop } = fingerprint;
  if (spacings.length === 0 || spacings.length !== shapes_after_crop.length)
    throw new VoxelgradError('format', {
      what: file,
      expected: 'one spacing and one shape for each case',
      got: `${spacings.length} spacings and ${shapes_after_crop.length} shapes`,
    });
  const broken = [...spacings, ...shapes_after_crop].find((values) => !values.every((value) => value > 0));
  if (broken !== undefined)
    throw new VoxelgradError('format', { what: file, expected: 'spacings and shapes above 0', got: `[${broken}]` });
  return fingerprint;
}

export function readIntensityProperties(json: JsonReader): IntensityProperties {
  const value = (name: string): number => json.at(name).number();
  return {
    max: value('max'),
    mean: value('mean'),
    median: value('median'),
    min: value('min'),
    percentile_00_5: value('percentile_00_5'),
    percentile_99_5: value('percentile_99_5'),
    std: value('std'),
  };
}

/** The text of `dataset_fingerprint.json`, laid out as Python's `json.dump(indent=4)` lays out the same. */
export const formatFingerprint = (fingerprint: DatasetFingerprint): string => JSON.stringify(fingerprint, null, 4);
