/** A data set's fingerprint from those of its cases (experiment_planning/dataset_fingerprint/fingerprint_extractor.py of nnU-Net 2.8). */
import type { LoadedCase } from '@voxelgrad/io/datasets';
import { spatialShape } from '@voxelgrad/io/images';
import { VoxelgradError } from '@voxelgrad/tensor';
import { cropToNonzero } from '../preprocess/crop-to-nonzero.ts';
import { median } from '../statistics/percentile.ts';
import type { DatasetFingerprint } from './fingerprint.ts';
import { type Intensities, intensityProperties, joinIntensities, sampleForeground } from './foreground-intensities.ts';

export interface CaseFingerprint {
  /** [z, y, x] after cropping to what is not zero. */
  readonly shape: readonly number[];
  /** [z, y, x] in mm. */
  readonly spacing: readonly number[];
  /** Voxels after cropping / voxels before. */
  readonly relativeSize: number;
  /** Of each channel. */
  readonly intensities: readonly Intensities[];
}

/** `samples`: see `samplesPerCase`. Throws 'dataset' for a case without a segmentation or with voxels that are not finite. */
export function fingerprintOfCase({ name, channels, label }: LoadedCase, samples: number): CaseFingerprint {
  const first = channels[0]!;
  if (label === undefined)
    throw new VoxelgradError('dataset', { what: `case ${name}`, expected: 'a segmentation', got: 'none' });
  const whole = spatialShape(first);
  const cropped = cropToNonzero(
    channels.map(({ data }) => data),
    whole,
    `case ${name}`,
    label.data,
  );
  const relativeSize = cropped.shape.reduce((a, b) => a * b, 1) / whole.reduce((a, b) => a * b, 1);
  return {
    shape: cropped.shape,
    spacing: first.spacing,
    relativeSize,
    intensities: sampleForeground(cropped.channels, cropped.segmentation, samples),
  };
}

/** Cases in the order of their names. Throws 'dataset' where there are none, or none has foreground. */
export function combineFingerprints(cases: readonly CaseFingerprint[]): DatasetFingerprint {
  const [first] = cases;
  if (first === undefined)
    throw new VoxelgradError('dataset', { what: 'fingerprint', expected: 'at least one case', got: 'none' });
  const properties = first.intensities.map((_, channel) => [
    String(channel),
    intensityProperties(joinIntensities(cases.map(({ intensities }) => intensities[channel]!)), `channel ${channel}`),
  ]);
  return {
    foreground_intensity_properties_per_channel: Object.fromEntries(properties),
    median_relative_size_after_cropping: median(cases.map(({ relativeSize }) => relativeSize)),
    shapes_after_crop: cases.map(({ shape }) => shape),
    spacings: cases.map(({ spacing }) => spacing),
  };
}
