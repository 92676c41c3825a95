/**
 * Is this data set fit for training? Follows nnU-Net's verify_dataset_integrity: shapes, spacings, NaN, label values, number of
 * cases; a differing affine is a warning there and here. All cases are looked at, so that one run shows everything there is to repair.
 */
import { isVoxelgradError, VoxelgradError } from '@voxelgrad/tensor';
import { affineDifference } from '../affine.ts';
import type { Image } from '../image.ts';
import { type Case, type DataSet, type LoadedCase, readCase } from './dataset.ts';
import { allowedValues, type Labels, showValues } from './labels.ts';

export interface IntegrityReport {
  readonly cases: number;
  /** What stands in the way of training; each is a 'dataset', 'format' or 'file' error that names case and file. */
  readonly problems: readonly VoxelgradError[];
  readonly warnings: readonly string[];
}

export interface IntegrityOptions {
  /** Called after each case. */
  readonly onCase?: (name: string, index: number, count: number) => void;
}

/** Reads every case, one at a time. */
export async function checkIntegrity(dataset: DataSet, options: IntegrityOptions = {}): Promise<IntegrityReport> {
  const problems: VoxelgradError[] = [];
  const warnings: string[] = [];
  const { cases, numTraining, strayLabels = [] } = dataset;
  for (const file of strayLabels) warnings.push(`${file} belongs to no case: its images are missing`);
  if (numTraining !== undefined && numTraining !== cases.length)
    problems.push(
      new VoxelgradError('dataset', {
        what: `numTraining of ${dataset.name}`,
        expected: `${cases.length}, the cases found`,
        got: `${numTraining}`,
        help: 'complete the images, or write the number of cases into dataset.json',
      }),
    );
  const seen = new Set<number>();
  let labelled = 0;
  for (const [i, entry] of cases.entries()) {
    try {
      const loaded = await readCase(entry);
      const found = checkCase(entry, loaded, dataset.labels);
      problems.push(...found.problems);
      warnings.push(...found.warnings);
      if (loaded.label !== undefined) labelled++;
      for (const value of new Set(loaded.label?.data)) seen.add(value);
    } catch (error) {
      if (!isVoxelgradError(error)) throw error;
      problems.push(error);
    }
    options.onCase?.(entry.name, i, cases.length);
  }
  if (dataset.labels !== undefined && labelled > 0) warnings.push(...checkLabels(dataset.labels, seen));
  return { cases: cases.length, problems, warnings };
}

/** A report for people to read: counts first, then every problem and warning. */
export function describeIntegrity({ cases, problems, warnings }: IntegrityReport): string {
  const count = (number: number, word: string): string =>
    `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`;
  const lines = [
    ...problems.map(({ message }) => `problem: ${message}`),
    ...warnings.map((text) => `warning: ${text}`),
  ];
  const indented = lines.map((line) => `\n- ${line.replaceAll('\n', '\n  ')}`);
  return `${count(cases, 'case')}, ${count(problems.length, 'problem')}, ${count(warnings.length, 'warning')}${indented.join('')}`;
}

/** What a class cannot be learned from, and what nnU-Net itself would refuse. */
function checkLabels(labels: Labels, seen: ReadonlySet<number>): string[] {
  const absent = labels.classes.filter(({ values }) => !values.some((value) => seen.has(value)));
  const allowed = allowedValues(labels);
  const gaps = allowed.some((value, i) => value !== i);
  return [
    ...absent.map(({ name, values }) => `no case has ${name} (${values.join(', ')})`),
    ...(gaps ? [`label values have gaps: ${showValues(allowed)}; a conversion to nnU-Net's layout closes them`] : []),
  ];
}

/** Throws one 'dataset' error that lists the first problems of a report, if it has any. */
export function assertIntegrity(report: IntegrityReport, shown = 5): void {
  const { problems } = report;
  if (problems.length === 0) return;
  const list = problems.slice(0, shown).map((problem) => `\n  - ${problem.message.replaceAll('\n', '\n    ')}`);
  const more = problems.length > shown ? `\n  and ${problems.length - shown} more` : '';
  throw new VoxelgradError('dataset', {
    what: `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${report.cases} cases${list.join('')}${more}`,
    cause: problems[0],
  });
}

/** What is wrong with one case that could be read: its shapes agree already. */
export function checkCase(
  entry: Case,
  loaded: LoadedCase,
  labels: Labels | undefined,
): Pick<IntegrityReport, 'problems' | 'warnings'> {
  const problems: VoxelgradError[] = [];
  const warnings: string[] = [];
  const reference = loaded.channels[0]!;
  const named: [Image, string][] = loaded.channels.map((image, i) => [image, entry.channels[i]!.file.path]);
  for (const [image, file] of named) {
    const broken = image.data.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0)
      problems.push(problem(entry, file, 'finite voxels', `${image.data[broken]} at voxel ${position(broken, image)}`));
  }
  if (loaded.label !== undefined && entry.label !== undefined) {
    named.push([loaded.label, entry.label.file.path]);
    if (labels !== undefined) problems.push(...checkValues(entry, loaded.label, labels));
  }
  for (const [image, file] of named.slice(1)) {
    if (
      !image.spacing.every((value, i) => Math.abs(value - reference.spacing[i]!) <= 1e-8 + 1e-5 * reference.spacing[i]!)
    )
      problems.push(problem(entry, `spacing of ${file}`, reference.spacing.join(' × '), image.spacing.join(' × ')));
    const difference = affineDifference(image.affine, reference.affine);
    if (difference > 1e-3)
      warnings.push(
        `case ${entry.name}: ${file} lies elsewhere than ${named[0]![1]} (affines differ by ${difference.toPrecision(3)})`,
      );
  }
  return { problems, warnings };
}

function checkValues(entry: Case, label: Image, labels: Labels): VoxelgradError[] {
  const allowed = allowedValues(labels);
  const unknown = [...new Set(label.data)].filter((value) => !allowed.includes(value)).sort((a, b) => a - b);
  if (unknown.length === 0) return [];
  return [problem(entry, `labels of ${entry.label!.file.path}`, allowed.join(', '), showValues(unknown))];
}

const problem = (entry: Case, what: string, expected: string, got: string): VoxelgradError =>
  new VoxelgradError('dataset', { what: `case ${entry.name}: ${what}`, expected, got });

/** z, y, x of a voxel. */
function position(index: number, image: Image): string {
  const [, height, width] = image.shape as [number, number, number];
  return [Math.floor(index / (width * height)), Math.floor(index / width) % height, index % width].join(', ');
}
