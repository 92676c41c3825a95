/** The properties that a stored case carries, read with care: prediction lays its results over images by them. */
import type { JsonObject } from '@voxelgrad/io';
import { JsonReader } from '../json/json-reader.ts';
import type { CaseProperties } from './preprocess-case.ts';

/** Throws 'format' where they are not those of preprocessing; `name` is the case's. */
export function readProperties(properties: JsonObject, name: string): CaseProperties {
  const json = JsonReader.of(properties, `properties of ${name}`);
  return {
    ...properties,
    spacing: json.at('spacing').numbers(3),
    shape_before_cropping: json.at('shape_before_cropping').counts(1),
    bbox_used_for_cropping: json
      .at('bbox_used_for_cropping')
      .items()
      .map((axis) => axis.counts()),
    shape_after_cropping_and_before_resampling: json.at('shape_after_cropping_and_before_resampling').counts(1),
    affine: json.at('affine').numbers(16),
  };
}
