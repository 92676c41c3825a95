/** Predicts held-out cases whole, compares them with the truth and leaves NIfTI files and a picture of each. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { axisCodes, type DataSet, readCase, withData } from '@voxelgrad/io';
import { writeFileAtomic, writeImageFile } from '@voxelgrad/io/node';
import {
  type CaseMetrics,
  compareLabels,
  diceTable,
  drawCase,
  formatDice,
  formatSummary,
  namedMetrics,
  predictSlidingWindow,
  type RegionMetrics,
  regionName,
  type SegmentationNetwork,
  type SlidingWindowOptions,
  type Summary,
  scoredRegions,
  summarize,
  toSegmentation,
} from '@voxelgrad/nnunet';
import { savePicture } from '@voxelgrad/nnunet/node';
import type { Device } from '@voxelgrad/tensor';
import { type PreparedCase, wholeVolume } from './prepare.ts';

export interface EvaluationSettings {
  readonly dataSet: DataSet;
  readonly network: SegmentationNetwork;
  readonly device: Device;
  readonly out: string;
  readonly window: SlidingWindowOptions;
  readonly onCase?: (name: string, done: number, cases: number) => void;
}

export interface Evaluation {
  readonly summary: Summary;
  /** A table for the terminal. */
  readonly table: string;
  /** Mean Dice of each class over the cases. */
  readonly dice: Readonly<Record<string, number>>;
  readonly meanDice: number;
}

export async function evaluateCases(cases: readonly PreparedCase[], settings: EvaluationSettings): Promise<Evaluation> {
  const { dataSet, out } = settings;
  const regions = scoredRegions(dataSet.labels!);
  await mkdir(join(out, 'predictions'), { recursive: true });
  await mkdir(join(out, 'pictures'), { recursive: true });
  const scored = regions.map(({ region }) => region);
  const metrics: CaseMetrics[] = [];
  for (const [i, prepared] of cases.entries()) {
    settings.onCase?.(prepared.name, i, cases.length);
    const file = join(out, 'predictions', `${prepared.name}${dataSet.fileEnding}`);
    const found = await evaluateCase(prepared, file, settings);
    const reference = dataSet.cases.find(({ name }) => name === prepared.name)!.label!.file.name;
    metrics.push({ reference_file: reference, prediction_file: file, metrics: namedMetrics(scored, found) });
  }
  settings.onCase?.('', cases.length, cases.length);
  const summary = summarize(metrics, scored);
  await writeFileAtomic(join(out, 'predictions', 'summary.json'), formatSummary(summary));
  return {
    summary,
    table: diceTable(summary, {
      names: Object.fromEntries(regions.map(({ name, region }) => [regionName(region), name])),
    }),
    dice: Object.fromEntries(regions.map(({ name, region }) => [name, summary.mean[regionName(region)]!.Dice])),
    meanDice: summary.foreground_mean.Dice,
  };
}

async function evaluateCase(
  prepared: PreparedCase,
  file: string,
  settings: EvaluationSettings,
): Promise<RegionMetrics[]> {
  const { dataSet, network, device, window, out } = settings;
  const labels = dataSet.labels!;
  const logits = await predictSlidingWindow(
    [network],
    device,
    { shape: [...prepared.shape, dataSet.channelNames.length], data: prepared.image },
    window,
  );
  const prediction = wholeVolume(toSegmentation(logits, labels), prepared);
  const { fullShape, geometry } = prepared;
  await writeImageFile(file, withData(geometry, fullShape, prediction));
  const loaded = await readCase(dataSet.cases.find(({ name }) => name === prepared.name)!);
  const truth = loaded.label!.data;
  const regions = scoredRegions(dataSet.labels!);
  const metrics = compareLabels(
    truth,
    prediction,
    regions.map(({ region }) => region),
    labels.ignore,
  );
  const subtitle = regions.map(({ name }, i) => `${name} ${formatDice(metrics[i]!.Dice)}`).join('   ');
  await savePicture(
    drawCase({
      title: prepared.name,
      subtitle: `Dice: ${subtitle}`,
      image: loaded.channels.at(-1)!.data,
      shape: fullShape,
      spacing: geometry.spacing,
      directions: axisCodes(geometry.affine),
      truth,
      prediction,
      regions,
    }),
    join(out, 'pictures', `${prepared.name}.png`),
  );
  return metrics;
}
