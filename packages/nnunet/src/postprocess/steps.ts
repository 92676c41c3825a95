/**
 * nnU-Net's postprocessing: of some labels only the largest connected component is kept. Which ones is decided on cross-validated predictions
 * (`determine.ts`), and written down as steps, in the words of nnunetv2/postprocessing/remove_connected_components.py.
 */
import type { VoxelArray } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { keepLargestComponent } from '../evaluate/components.ts';
import { parsePythonJson } from '../evaluate/python-json.ts';
import type { Region } from '../evaluate/region.ts';

/** Of the voxels of these labels together, the largest component stays; the others become background. */
export interface KeepLargest {
  readonly labels: Region;
}

const officialName = 'remove_all_but_largest_component_from_segmentation';

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
  const broken = (got: string, cause?: unknown): VoxelgradError =>
    new VoxelgradError('format', { what: file, expected: 'a postprocessing.json as nnU-Net writes it', got, cause });
  let json: unknown;
  try {
    json = parsePythonJson(text);
  } catch (cause) {
    throw broken('text that is not JSON', cause);
  }
  const { postprocessing_fns: names, postprocessing_kwargs: options } = (json ?? {}) as Record<string, unknown>;
  if (!Array.isArray(names) || !Array.isArray(options) || names.length !== options.length)
    throw broken('no postprocessing_fns and postprocessing_kwargs of the same length');
  return names.map((name: unknown, i) => {
    if (name !== officialName) throw broken(`the unknown step ${JSON.stringify(name)}`);
    const labels: unknown = (options[i] as { labels_or_regions?: unknown } | null)?.labels_or_regions;
    const values = [labels].flat(2);
    if (values.length === 0 || !values.every((value) => Number.isSafeInteger(value)))
      throw broken(`labels_or_regions ${JSON.stringify(labels)}`);
    return { labels: typeof labels === 'number' ? labels : (values as number[]) };
  });
}
