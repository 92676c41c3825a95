/** Dice and counts, surface distances, a folder's summary, largest components, and the splits of cross-validation. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VoxelArray } from '@voxelgrad/io';
import { readImageFile } from '@voxelgrad/io/node';
import {
  compareLabels,
  compareSurfaces,
  crossValidationSplits,
  keepLargestComponent,
  maskOf,
  namedMetrics,
  parseSummary,
  type Region,
  type RegionMetrics,
  regionName,
  splitOfFold,
  summarize,
} from '@voxelgrad/nnunet';
import { VoxelgradError } from '@voxelgrad/tensor';
import { type ParityCase, readTensors } from '../cases.ts';
import { Comparison, exactly } from '../compare.ts';

type Metrics = Readonly<Record<string, number | null>>;

export async function checkEvaluation(entry: ParityCase): Promise<Comparison> {
  const check = CHECKS[entry.op];
  if (check === undefined)
    throw new VoxelgradError('option', { what: `evaluation of ${entry.op}`, expected: Object.keys(CHECKS).join(', ') });
  const comparison = new Comparison({ rtol: entry.tolerance.rtol ?? 0, atol: entry.tolerance.atol ?? 0 });
  await check(entry, comparison);
  return comparison;
}

const CHECKS: Record<string, (entry: ParityCase, comparison: Comparison) => Promise<void>> = {
  compute_metrics: checkMetrics,
  compute_metrics_on_folder: checkFolder,
  remove_all_but_largest_component_from_segmentation: checkLargestComponent,
  generate_crossval_split: checkSplits,
  random_80_20: checkFoldsBeyond,
};

/** JSON has no NaN: null stands for it. */
function compareMetrics(comparison: Comparison, what: string, got: RegionMetrics, expected: Metrics): void {
  for (const [name, value] of Object.entries(expected))
    comparison.values(`${what} ${name}`, [got[name as keyof RegionMetrics]], [value ?? Number.NaN]);
}

async function checkMetrics(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { labels_or_regions, ignore_label, spacing_zyx, metrics, surface } = entry.attrs as {
    labels_or_regions: Region[];
    ignore_label: number | null;
    spacing_zyx: number[];
    metrics: Record<string, Metrics>;
    surface: Record<string, Metrics>;
  };
  const tensors = await readTensors(entry);
  const { data: reference, shape } = tensors.get('gt') as { data: VoxelArray; shape: readonly number[] };
  const prediction = tensors.get('pred')!.data as VoxelArray;
  const found = namedMetrics(
    labels_or_regions,
    compareLabels(reference, prediction, labels_or_regions, ignore_label ?? undefined),
  );
  for (const [region, expected] of Object.entries(metrics))
    compareMetrics(comparison, region, found[region]!, expected);
  for (const region of labels_or_regions) {
    const expected = surface[regionName(region)];
    if (expected === undefined) continue;
    const distances = compareSurfaces(maskOf(reference, region), maskOf(prediction, region), shape, spacing_zyx);
    const named: Record<string, number> = {
      hd: distances.hausdorff,
      hd95_pooled: distances.hausdorff95,
      hd95_max_of_directed: distances.hausdorff95Directed,
      assd: distances.averageSurfaceDistance,
      nsd_1mm: distances.surfaceDice,
    };
    for (const [name, value] of Object.entries(expected))
      comparison.values(`${regionName(region)} ${name}`, [named[name]!], [value ?? Number.NaN]);
  }
}

async function checkFolder(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { labels, ignore_label, foreground_mean, mean } = entry.attrs as {
    labels: Region[];
    ignore_label: number | null;
    foreground_mean: Metrics;
    mean: Record<string, Metrics>;
  };
  const files = entry.files!;
  const official = parseSummary(await readFile(join(entry.folder, files.summary as string), 'utf8'));
  const cases = [];
  for (const { reference_file, prediction_file, metrics: expected } of official.metric_per_case) {
    const read = async (folder: unknown, file: string): Promise<VoxelArray> =>
      (await readImageFile(join(entry.folder, folder as string, file.split('/').at(-1)!))).data;
    const [reference, prediction] = [await read(files.gt, reference_file), await read(files.pred, prediction_file)];
    const metrics = namedMetrics(labels, compareLabels(reference, prediction, labels, ignore_label ?? undefined));
    for (const [region, values] of Object.entries(expected))
      compareMetrics(comparison, `${prediction_file} ${region}`, metrics[region]!, { ...values });
    cases.push({ reference_file, prediction_file, metrics });
  }
  const summary = summarize(cases, labels);
  compareMetrics(comparison, 'foreground mean', summary.foreground_mean, foreground_mean);
  for (const [region, expected] of Object.entries(mean))
    compareMetrics(comparison, `mean ${region}`, summary.mean[region]!, expected);
}

async function checkLargestComponent(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { labels_or_regions, background_label } = entry.attrs as {
    labels_or_regions: Region[];
    background_label: number;
  };
  const tensors = await readTensors(entry);
  const { data, shape } = tensors.get('seg') as { data: VoxelArray; shape: readonly number[] };
  const kept = keepLargestComponent(data, shape, labels_or_regions, background_label);
  comparison.values('segmentation', kept, tensors.get('out')!.data, exactly);
}

/** Identifiers as numbers, so that they can be compared: their place in `all`. */
const places = (all: readonly string[], some: readonly string[]): number[] => some.map((one) => all.indexOf(one));

async function checkSplits(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { table } = entry.attrs as { table: { identifiers: string[]; val: string[][] }[] };
  for (const { identifiers, val } of table) {
    const splits = crossValidationSplits(identifiers, val.length);
    for (const [fold, expected] of val.entries()) {
      const training = identifiers.filter((identifier) => !expected.includes(identifier));
      const what = `fold ${fold} of ${identifiers.length}`;
      comparison.values(`${what}: val`, places(identifiers, splits[fold]!.val), places(identifiers, expected));
      comparison.values(`${what}: train`, places(identifiers, splits[fold]!.train), places(identifiers, training));
    }
  }
}

async function checkFoldsBeyond(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { table } = entry.attrs as { table: { n: number; fold: number; train_idx: number[] }[] };
  for (const { n, fold, train_idx } of table) {
    const identifiers = Array.from({ length: n }, (_, i) => `case_${String(i).padStart(6, '0')}`);
    const { train, val } = splitOfFold(fold, crossValidationSplits(identifiers), identifiers);
    comparison.values(`fold ${fold} of ${n}: train`, places(identifiers, train), train_idx);
    const held = identifiers.flatMap((_, i) => (train_idx.includes(i) ? [] : [i]));
    comparison.values(`fold ${fold} of ${n}: val`, places(identifiers, val), held);
  }
}
