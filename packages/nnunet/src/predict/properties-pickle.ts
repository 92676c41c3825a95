/**
 * The properties of a case as nnU-Net keeps them beside probabilities (`CASE.pkl`): with them its ensembling lays segmentations over the images. Plain
 * dicts, lists and tuples only. The names under `sitk_stuff` and `nibabel_stuff` are those of its readers (imageio/simpleitk_reader_writer.py and
 * nibabel_reader_writer.py), of which each looks at its own.
 */
import {
  type Affine,
  affineDirection,
  affineOrigin,
  affineSpacing,
  type Image,
  type Pickled,
  PickledFloat,
  PickledTuple,
  pickle,
} from '@voxelgrad/io';
import type { Plans } from '../plan/plans.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';

/** `original`: the image as it lies in its file. */
export function encodeProperties(
  properties: CaseProperties,
  original: Pick<Image, 'affine'>,
  { image_reader_writer: reader }: Pick<Plans, 'image_reader_writer'>,
): Uint8Array {
  const read = properties.affine as Affine;
  const turned = reader.endsWith('WithReorient');
  return pickle(
    dict({
      sitk_stuff: dict({
        spacing: new PickledTuple(floats([...affineSpacing(read)].reverse())),
        origin: new PickledTuple(floats([...affineOrigin(read)].map(asLps))),
        direction: new PickledTuple(floats(directionRows(read))),
      }),
      nibabel_stuff: dict({
        original_affine: rowsOf(original.affine),
        ...(turned ? { reoriented_affine: rowsOf(read) } : {}),
      }),
      spacing: floats(properties.spacing),
      shape_before_cropping: new PickledTuple(properties.shape_before_cropping),
      bbox_used_for_cropping: properties.bbox_used_for_cropping.map((bounds) => [...bounds]),
      shape_after_cropping_and_before_resampling: new PickledTuple(
        properties.shape_after_cropping_and_before_resampling,
      ),
    }),
  );
}

/** ITK's world is LPS: its first two axes run the other way. */
const asLps = (value: number, axis: number): number => (axis < 2 && value !== 0 ? -value : value);

/** Of the direction matrix, whose columns are the voxel axes, row after row. */
const directionRows = (affine: Affine): number[] => {
  const columns = affineDirection(affine);
  return [0, 1, 2].flatMap((row) => columns.map((column) => asLps(column[row]!, row)));
};

const rowsOf = (affine: Affine): Pickled => [0, 4, 8, 12].map((start) => floats(affine.slice(start, start + 4)));
const floats = (values: readonly number[]): Pickled[] => values.map((value) => new PickledFloat(value));
const dict = (entries: Readonly<Record<string, Pickled>>): Map<Pickled, Pickled> => new Map(Object.entries(entries));
