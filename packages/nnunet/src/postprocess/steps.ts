/**
 * nnU-Net's postprocessing: of some labels only the largest connected component is kept. Which ones is decided on cross-validated predictions
 * (`determine.ts`), and written down as steps, in the words of nnunetv2/postprocessing/remove_connected_components.py.
 */
import type { VoxelArray } from '@voxelgrad/io';
import { keepLargestComponent } from '../evaluate/components.ts';
import type { Region } from '../evaluate/region.ts';
import { JsonReader } from '../json/json-reader.ts';

/** Of the voxels of these labels together, the largest component stays; the others become background. */
export interface KeepLargest {
  readonly labels: Region;
}

/** The Python function that does a step, and where it is. */
export const officialModule = 'nnunetv2.postprocessing.remove_connected_components';
export const officialName = 'remove_all_but_largest_component_from_segmentation';

/** The steps, one after the other. `shape` of the volume: two or three extents. */
export function postprocess<Labels extends VoxelArray>(
  segmentation: Labels,
  shape: readonly number[],
  steps: readonly KeepLargest[],
): Labels {
  return steps.reduce((current, { labels }) => keepLargestComponent(current, shape, [labels]), segmentation);
}

/** What postprocessing.json says of the steps. */
export interface PostprocessingJson {
  readonly postprocessing_fns: readonly string[];
  readonly postprocessing_kwargs: readonly { readonly labels_or_regions: Region }[];
}

export const stepsToJson = (steps: readonly KeepLargest[]): PostprocessingJson => ({
  postprocessing_fns: steps.map(() => officialName),
  postprocessing_kwargs: steps.map(({ labels }) => ({ labels_or_regions: labels })),
});

/** Reads the steps of a postprocessing.json, ours or nnU-Net's. Throws 'format' for anything else; `file` names it. */
export function stepsFromJson(text: string, file: string): KeepLargest[] {
  const json = JsonReader.parse(text, file);
  const names = json.at('postprocessing_fns').items();
  const options = json.at('postprocessing_kwargs').items();
  if (names.length !== options.length) throw json.at('postprocessing_kwargs').unexpected(`${names.length} entries`);
  return names.map((name, i) => {
    if (name.text() !== officialName) throw name.unexpected(officialName);
    const labels = options[i]!.at('labels_or_regions');
    if (typeof labels.raw === 'number') return { labels: labels.count() };
    // Labels of several regions together are one list of lists.
    const values = labels.items().flatMap((item) => (Array.isArray(item.raw) ? item.counts() : [item.count()]));
    if (values.length === 0) throw labels.unexpected('a label or more');
    return { labels: values };
  });
}
