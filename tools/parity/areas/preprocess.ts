/** From NIfTI files and plans to data, segmentation, crop and class locations; and the crop by itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Case, type JsonObject, readDatasetJson } from '@voxelgrad/io';
import { openFile } from '@voxelgrad/io/node';
import { configurationOf, cropToNonzero, parsePlans, preprocessCase, readCaseFor } from '@voxelgrad/nnunet';
import type { Device, Triple } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, exactly } from '../compare.ts';
import { lastToFirst } from '../layout.ts';

export async function checkPreprocess(entry: ParityCase, device: Device): Promise<Comparison> {
  const comparison = new Comparison({ rtol: entry.tolerance.rtol ?? 0, atol: entry.tolerance.atol ?? 0 });
  if (entry.op === 'crop_to_nonzero') await checkCrop(entry, comparison);
  else await checkCase(entry, device, comparison);
  return comparison;
}

async function checkCrop(entry: ParityCase, comparison: Comparison): Promise<void> {
  const tensors = await readTensors(entry);
  const { shape, data } = tensors.get('data') as { shape: readonly number[]; data: Float32Array };
  const size = data.length / shape[0]!;
  const channels = Array.from({ length: shape[0]! }, (_, c) => data.subarray(c * size, (c + 1) * size));
  const labels = tensors.get('seg')?.data as Int32Array | undefined;
  const cropped = cropToNonzero(channels, shape.slice(1) as unknown as Triple, 'the fixture', labels);
  const { lower, upper } = cropped.box;
  const bounds = lower.flatMap((low, axis) => [low, upper[axis]!]);
  comparison.values('box', bounds, (entry.attrs.bbox as number[][]).flat());
  const values = cropped.channels.flatMap((channel) => [...channel]);
  comparison.values('data', values, tensors.get('out_data')!.data);
  comparison.values('segmentation', cropped.segmentation, tensors.get('out_seg')!.data);
}

async function checkCase(entry: ParityCase, device: Device, comparison: Comparison): Promise<void> {
  const files = entry.files as { images: string[]; seg: string; plans: string; dataset: string };
  const open = (file: string) => openFile(join(entry.folder, file));
  const plans = parsePlans(await readFile(join(entry.folder, files.plans), 'utf8'), files.plans);
  const description = await readDatasetJson(await open(files.dataset));
  const channels = await Promise.all(files.images.map(async (file) => ({ file: await open(file) })));
  const one: Case = { name: entry.name, channels, label: { file: await open(files.seg) } };
  const loaded = await readCaseFor(plans, one);
  const tensors = await readTensors(entry);
  const raw = loaded.channels.flatMap(({ data }) => [...data]);
  comparison.values('images as read', raw, tensors.get('raw_zyx')!.data, exactly);
  const configuration = configurationOf(plans, entry.attrs.configuration as string);
  const { labels } = description;
  const result = await preprocessCase(loaded, { plans, configuration, labels, device: async () => device });

  comparison.values('data', lastToFirst(result.data, result.channels), tensors.get('data')!.data);
  const allowed = (entry.tolerance.seg_mismatch_max ?? 0) / result.seg!.length;
  comparison.labels('segmentation', result.seg!, tensors.get('seg')!.data, allowed);
  const { properties } = result;
  comparison.json('spacing', properties.spacing, entry.attrs.spacing_zyx);
  for (const key of ['shape_before_cropping', 'bbox_used_for_cropping', 'shape_after_cropping_and_before_resampling'])
    comparison.json(key, (properties as JsonObject)[key], entry.attrs[key]);
  const annotated = [-1, 0, ...new Set(labels.classes.flatMap(({ values }) => values))];
  const found = [
    ...(result.classLocations ?? []),
    ...(result.annotatedLocations === undefined ? [] : [{ labels: annotated, voxels: result.annotatedLocations }]),
  ];
  const counts = Object.values(entry.attrs.class_location_counts as Record<string, number>);
  comparison.values(
    'number of locations',
    found.map(({ voxels }) => voxels.length),
    counts,
  );
  for (const { labels: values, voxels } of found) compareLocations(tensors, values, voxels, result.shape, comparison);
}

/** The official rows are (0, z, y, x), and only the first ones are kept. */
function compareLocations(
  tensors: CaseTensors,
  labels: readonly number[],
  voxels: Uint32Array,
  [, height, width]: readonly number[],
  comparison: Comparison,
): void {
  const name = `class_locations.${labels.join('_')}`;
  const { data, shape } = tensors.get(name)!;
  const rows = Array.from(data as ArrayLike<number | bigint>, Number);
  const official = Array.from({ length: shape[0]! }, (_, row) => {
    const [, z, y, x] = rows.slice(4 * row, 4 * row + 4) as [number, number, number, number];
    return (z * height! + y) * width! + x;
  });
  comparison.values(name, voxels.slice(0, official.length), official, exactly);
}
