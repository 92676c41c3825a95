/**
 * Labels as nnU-Net wants them: whole numbers without gaps. BraTS is renumbered as nnU-Net's own conversion does it (Dataset137_BraTS21.py): 1 is what
 * only the whole tumour has (oedema), 2 the rest of the core, 3 what enhances. Other data sets with gaps keep the order of their values.
 */
import { bratsLabels } from './brats.ts';
import type { DataSet } from './dataset.ts';
import { allowedValues, type Labels, labelEntries, parseLabels } from './labels.ts';

export interface Renumbered {
  readonly labels: Labels;
  /** Old value → new value. */
  readonly values: ReadonlyMap<number, number>;
}

/** Undefined where nothing has to change. */
export function renumbered({ layout, labels }: DataSet): Renumbered | undefined {
  if (labels === undefined) return undefined;
  const old = allowedValues(labels);
  const values = isBrats(layout, labels)
    ? new Map(old.map((value) => [value, bratsValue(value, labels)]))
    : new Map(old.map((value, i) => [value, i]));
  if ([...values].every(([from, to]) => from === to)) return undefined;
  if (isBrats(layout, labels)) return { labels: bratsOrder, values };
  const moved = (value: number): number => values.get(value)!;
  const entries = Object.entries(labelEntries(labels)).map(
    ([name, value]) => [name, Array.isArray(value) ? value.map(moved) : moved(value as number)] as const,
  );
  const order = labels.regionsClassOrder?.map(moved);
  return { labels: parseLabels(Object.fromEntries(entries), order, 'the renumbered data set'), values };
}

const bratsNames = bratsLabels('1,2,3').classes.map(({ name }) => name);

const bratsOrder = parseLabels(
  { background: 0, [bratsNames[0]!]: [1, 2, 3], [bratsNames[1]!]: [2, 3], [bratsNames[2]!]: [3] },
  [1, 2, 3],
  'BraTS',
);

const isBrats = (layout: DataSet['layout'], { classes }: Labels): boolean =>
  layout === 'brats' || String(classes.map(({ name }) => name)) === String(bratsNames);

function bratsValue(value: number, { classes }: Labels): number {
  // Each region lies within the one before: how many hold a value is its depth.
  return classes.filter(({ values }) => values.includes(value)).length;
}
