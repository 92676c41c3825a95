/** Figures as text, in columns: for the terminal and for log files. */
import type { Summary } from '../evaluate/summary.ts';

export interface TextTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Set off below the rows by a line. */
  readonly footer?: readonly (readonly string[])[];
}

/** The first column stands on the left, the others on the right. Without a line break at the end. */
export function formatTable({ header, rows, footer = [] }: TextTable): string {
  const all = [header, ...rows, ...footer];
  const widths = header.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const text = row[column] ?? '';
        const blank = ' '.repeat(width - widthOf(text));
        return column === 0 ? text + blank : blank + text;
      })
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1)));
  const below = footer.length === 0 ? [] : [rule, ...footer.map(line)];
  return [line(header), rule, ...rows.map(line), ...below].join('\n');
}

/** Characters as a terminal counts them; accents that stand on the letter before take no room. */
const widthOf = (text: string): number => [...text.normalize('NFC').replace(/\p{Mark}/gu, '')].length;

export interface DiceTableOptions {
  /** What to call a region: by default its name in the summary. */
  readonly names?: Readonly<Record<string, string>>;
  /** Show only the worst so many cases, and say so; all by default. */
  readonly worst?: number;
}

/** Dice of each case and region, with the means of the summary in the last row. Cases come in the summary's order, or the worst first. */
export function diceTable(summary: Summary, { names = {}, worst }: DiceTableOptions = {}): string {
  const regions = Object.keys(summary.mean);
  const cases = summary.metric_per_case.map(({ prediction_file, metrics }) => {
    const values = regions.map((region) => metrics[region]!.Dice);
    return { name: caseName(prediction_file), values, mean: meanOfNumbers(values) };
  });
  // A case without any region to find has no mean; it is not among the worst.
  const badness = (mean: number): number => (Number.isNaN(mean) ? Number.POSITIVE_INFINITY : mean);
  const shown = worst === undefined ? cases : cases.sort((a, b) => badness(a.mean) - badness(b.mean)).slice(0, worst);
  const means = regions.map((region) => summary.mean[region]!.Dice);
  const count = `mean of ${summary.metric_per_case.length}`;
  return formatTable({
    header: [
      shown.length < summary.metric_per_case.length ? 'worst cases' : 'case',
      ...regions.map((region) => names[region] ?? region),
      'mean',
    ],
    rows: shown.map(({ name, values, mean }) => [name, ...values.map(formatDice), formatDice(mean)]),
    footer: [[count, ...means.map(formatDice), formatDice(summary.foreground_mean.Dice)]],
  });
}

/** Three digits; a dash where there is nothing to score. */
export const formatDice = (dice: number): string => (Number.isNaN(dice) ? '–' : dice.toFixed(3));

const caseName = (file: string): string =>
  file
    .slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
    .replace(/\.(nii\.gz|nii|nrrd|mha|png|tif)$/, '');

function meanOfNumbers(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
