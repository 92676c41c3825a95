/**
 * `summary.json`: what nnU-Net writes beside a folder of predictions (`evaluate_predictions.compute_metrics_on_folder`), and reads again to find
 * the best configuration.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { JsonReader } from '../json/json-reader.ts';
import type { RegionMetrics } from './overlap.ts';
import { formatPythonJson } from './python-json.ts';
import { type Region, regionName } from './region.ts';

export interface CaseMetrics {
  readonly reference_file: string;
  readonly prediction_file: string;
  /** By `regionName`. */
  readonly metrics: Readonly<Record<string, RegionMetrics>>;
}

export interface Summary {
  /** Mean over the regions of `mean`, background left out. NaN as soon as one region has no Dice in any case. */
  readonly foreground_mean: RegionMetrics;
  /** By `regionName`: mean over the cases where the number is not NaN. */
  readonly mean: Readonly<Record<string, RegionMetrics>>;
  readonly metric_per_case: readonly CaseMetrics[];
}

const metricNames = ['Dice', 'FN', 'FP', 'IoU', 'TN', 'TP', 'n_pred', 'n_ref'] as const;

/** Names the metrics that `compareLabels` gave for `regions`. */
export function namedMetrics(
  regions: readonly Region[],
  metrics: readonly RegionMetrics[],
): Record<string, RegionMetrics> {
  return Object.fromEntries(regions.map((region, i) => [regionName(region), metrics[i]!]));
}

/** Throws 'dataset' without cases: a mean of nothing is a mistake in the folder's name more often than a result. */
export function summarize(cases: readonly CaseMetrics[], regions: readonly Region[]): Summary {
  if (cases.length === 0)
    throw new VoxelgradError('dataset', { what: 'evaluation', expected: 'at least one predicted case', got: 'none' });
  const names = regions.map(regionName);
  const means = names.map((name) =>
    metricsFrom((metric) =>
      mean(cases.map((one) => one.metrics[name]![metric]).filter((value) => !Number.isNaN(value))),
    ),
  );
  const foreground = means.filter((_, i) => names[i] !== '0');
  return {
    foreground_mean: metricsFrom((metric) => mean(foreground.map((one) => one[metric]))),
    mean: Object.fromEntries(names.map((name, i) => [name, means[i]!])),
    metric_per_case: cases,
  };
}

function metricsFrom(value: (metric: keyof RegionMetrics) => number): RegionMetrics {
  return Object.fromEntries(metricNames.map((metric) => [metric, value(metric)])) as Record<
    keyof RegionMetrics,
    number
  >;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The text of `summary.json`. */
export const formatSummary = (summary: Summary): string => formatPythonJson(summary);

/** Reads a `summary.json`, NaN (or null) included. Throws 'format' when it is something else. */
export function parseSummary(text: string, file = 'summary.json'): Summary {
  const metricsOf = (json: JsonReader): RegionMetrics =>
    metricsFrom((metric) => (json.at(metric).raw === null ? Number.NaN : json.at(metric).number()));
  const byRegion = (json: JsonReader): Record<string, RegionMetrics> =>
    Object.fromEntries(json.keys().map((name) => [name, metricsOf(json.at(name))]));
  const json = JsonReader.parse(text, file);
  return {
    foreground_mean: metricsOf(json.at('foreground_mean')),
    mean: byRegion(json.at('mean')),
    metric_per_case: json
      .at('metric_per_case')
      .items()
      .map((one) => ({
        reference_file: one.at('reference_file').text(),
        prediction_file: one.at('prediction_file').text(),
        metrics: byRegion(one.at('metrics')),
      })),
  };
}
