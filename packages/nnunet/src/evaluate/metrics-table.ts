/** Every metric of every case and region as comma-separated values, for spreadsheets and statistics programs. */
import type { CaseMetrics } from './summary.ts';

type Row = Readonly<Record<string, number>>;

/**
 * One line a case and region, after a line of names. `more` are further metrics of the same cases, in the same order. Numbers that are none stay empty.
 * `names`: what to call a region.
 */
export function metricsTable(
  cases: readonly CaseMetrics[],
  names: Readonly<Record<string, string>>,
  more: readonly Readonly<Record<string, object>>[] = [],
): string {
  const rows = cases.flatMap(({ prediction_file, metrics }, i) =>
    Object.entries(metrics).map(([region, own]) => ({
      file: prediction_file,
      region: names[region] ?? region,
      numbers: { ...own, ...more[i]?.[region] } as Row,
    })),
  );
  const columns = Object.keys(rows[0]?.numbers ?? {});
  const lines = rows.map(({ file, region, numbers }) =>
    [quoted(file), quoted(region), ...columns.map((column) => cell(numbers[column]!))].join(','),
  );
  return `${['file', 'region', ...columns].join(',')}\n${lines.join('\n')}\n`;
}

const cell = (value: number): string => (Number.isNaN(value) ? '' : String(value));

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
