/**
 * What the numbers in a segmentation mean, in the terms of nnU-Net's dataset.json: plain labels, or regions that overlap
 * (a region is several values), an ignore label, and the order in which regions are painted back into one map.
 * Follows nnU-Net 2.8 (utilities/label_handling/label_handling.py).
 */
import { VoxelgradError } from '@voxelgrad/tensor';

/** A foreground class: what one output channel of a network predicts. */
export interface ForegroundClass {
  readonly name: string;
  /** Values in the segmentation that belong to it: one for a plain label, several for a region. */
  readonly values: readonly number[];
}

export interface Labels {
  /** Without background and ignore. Plain labels by value, regions in the order of dataset.json. */
  readonly classes: readonly ForegroundClass[];
  readonly regions: boolean;
  /** With regions: what is painted for each of them, in turn, so that later ones cover earlier ones. */
  readonly regionsClassOrder?: readonly number[];
  /** Voxels of this value were not annotated. */
  readonly ignore?: number;
}

/** `labels` and `regions_class_order` as dataset.json has them: name → value, or the values of a region. */
export type LabelEntries = Readonly<Record<string, number | readonly number[]>>;

/** Checks the entries and puts them in order. `what` names the file; throws 'dataset'. */
export function parseLabels(
  entries: LabelEntries,
  regionsClassOrder: readonly number[] | undefined,
  what: string,
): Labels {
  const all = Object.entries(entries).map(([name, value]) => ({ name, values: [value].flat() as number[] }));
  const wrong = all.find(
    ({ values }) => values.length === 0 || !values.every((value) => Number.isInteger(value) && value >= 0),
  );
  if (wrong !== undefined)
    throw problem(what, 'whole label values from 0', `${wrong.name}: ${JSON.stringify(entries[wrong.name])}`);
  const background = all.find(({ name }) => name === 'background');
  if (background?.values.some((value) => value !== 0))
    throw problem(what, 'background to be label 0', `${background.values}`);
  const ignored = all.find(({ name }) => name === 'ignore');
  if (ignored !== undefined && ignored.values.length !== 1)
    throw problem(what, 'one ignore label', `${ignored.values}`);
  const ignore = ignored?.values[0];

  const classes = all.filter((entry) => entry !== ignored && entry.values.some((value) => value !== 0));
  if (classes.length === 0) throw problem(what, 'a label besides the background', Object.keys(entries).join(', '));
  const highest = Math.max(...classes.flatMap(({ values }) => values));
  if (ignore !== undefined && ignore <= highest)
    throw problem(what, `an ignore label above all others (over ${highest})`, `${ignore}`);
  const rest = ignore === undefined ? {} : { ignore };
  if (classes.every(({ values }) => values.length === 1))
    return { classes: classes.sort((a, b) => a.values[0]! - b.values[0]!), regions: false, ...rest };
  if (regionsClassOrder === undefined || regionsClassOrder.length !== classes.length)
    throw problem(
      what,
      `regions_class_order with ${classes.length} values, one for each region`,
      regionsClassOrder === undefined ? 'none' : JSON.stringify(regionsClassOrder),
    );
  return { classes, regions: true, regionsClassOrder, ...rest };
}

/** Every value that may occur in a segmentation, ascending; 0 and the ignore label among them. */
export function allowedValues(labels: Labels): number[] {
  const values = new Set([0, ...labels.classes.flatMap((each) => each.values)]);
  if (labels.ignore !== undefined) values.add(labels.ignore);
  return [...values].sort((a, b) => a - b);
}

/** Label values for a message: the first few of many. */
export function showValues(values: Iterable<number>): string {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length <= 10 ? sorted.join(', ') : `${sorted.slice(0, 8).join(', ')} and ${sorted.length - 8} more`;
}

/** The inverse of `parseLabels`, for writing a dataset.json. */
export function labelEntries(labels: Labels): LabelEntries {
  const entries = labels.classes.map(({ name, values }) => [name, labels.regions ? values : values[0]!] as const);
  const ignore = labels.ignore === undefined ? [] : ([['ignore', labels.ignore]] as const);
  return Object.fromEntries([['background', 0], ...entries, ...ignore]);
}

/** One byte a class and voxel, channels last ([…, classes]): 1 where the voxel's value belongs to the class. */
export function labelsToRegions(segmentation: ArrayLike<number>, classes: readonly ForegroundClass[]): Uint8Array {
  const count = classes.length;
  const highest = Math.max(0, ...classes.flatMap(({ values }) => values));
  const table = new Uint8Array((highest + 1) * count);
  classes.forEach(({ values }, c) => {
    for (const value of values) table[value * count + c] = 1;
  });
  const regions = new Uint8Array(segmentation.length * count);
  for (let i = 0; i < segmentation.length; i++) {
    const value = segmentation[i]!;
    for (let c = 0; c < count; c++) regions[i * count + c] = table[value * count + c] ?? 0;
  }
  return regions;
}

/**
 * One map from the scores of overlapping regions, channels last: value `order[r]` is painted where score r is over `threshold`
 * (0.5 for probabilities, 0 for logits), later regions over earlier ones.
 */
export function regionsToLabels(scores: ArrayLike<number>, order: readonly number[], threshold: number): Uint8Array {
  const count = order.length;
  const labels = new Uint8Array(scores.length / count);
  for (let i = 0; i < labels.length; i++)
    for (let r = 0; r < count; r++) if (scores[i * count + r]! > threshold) labels[i] = order[r]!;
  return labels;
}

const problem = (what: string, expected: string, got: string): VoxelgradError =>
  new VoxelgradError('dataset', { what: `labels of ${what}`, expected, got });
