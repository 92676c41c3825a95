/** summary.json against the one that the official code wrote for the same folder. */
import { gunzipSync } from 'node:zlib';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder } from './fixtures.testing.ts';
import { compareLabels, type RegionMetrics } from './overlap.ts';
import { type CaseMetrics, formatSummary, namedMetrics, parseSummary, summarize } from './summary.ts';

const fixtures = fixtureFolder('evaluation');

/** The voxels of a NIfTI-1 file of bytes: all that these fixtures need. */
function voxelsOf(file: string): Uint8Array {
  const bytes = gunzipSync(fixtures.bytesOf(file));
  const uint8 = 2;
  expect(bytes.readInt16LE(70)).toBe(uint8);
  return bytes.subarray(bytes.readFloatLE(108));
}

const metrics = (TP: number, FP: number, FN: number): RegionMetrics => ({
  Dice: (2 * TP) / (2 * TP + FP + FN),
  IoU: TP / (TP + FP + FN),
  TP,
  FP,
  FN,
  TN: 10,
  n_pred: TP + FP,
  n_ref: TP + FN,
});

const caseOf = (name: string, ...regions: RegionMetrics[]): CaseMetrics => ({
  reference_file: `gt/${name}`,
  prediction_file: `pred/${name}`,
  metrics: namedMetrics([1, 2], regions),
});

describe('summary', () => {
  it('is the official one, from the files to the text', lacking(fixtures.missing), () => {
    const official = fixtures.textOf('summary.json');
    const expected = parseSummary(official);
    const found = expected.metric_per_case.map(({ reference_file, prediction_file }) => {
      const [reference, prediction] = [reference_file, prediction_file].map((file) =>
        voxelsOf(file.slice(file.indexOf('nii/'))),
      );
      const regions = namedMetrics([1, 2], compareLabels(reference!, prediction!, [1, 2]));
      return { reference_file, prediction_file, metrics: regions };
    });
    expect(found).toHaveLength(4);
    const summary = summarize(found, [1, 2]);
    expect(summary).toEqual(expected);
    // Python writes the mean of whole numbers as 561.0.
    expect(formatSummary(summary)).toBe(official.trimEnd().replace(/(\d)\.0\b/g, '$1'));
  });

  it('leaves cases without a region out of its mean, and a region without cases makes the overall mean NaN', () => {
    const empty = metrics(0, 0, 0);
    const some = summarize([caseOf('a', metrics(1, 1, 0), empty), caseOf('b', empty, metrics(2, 0, 0))], [1, 2]);
    expect(some.mean['1']!.Dice).toBe(2 / 3);
    expect(some.mean['1']!.TP).toBe(0.5);
    expect(some.mean['2']!.Dice).toBe(1);
    expect(some.foreground_mean.Dice).toBeCloseTo(5 / 6, 12);
    const none = summarize([caseOf('a', metrics(1, 1, 0), empty)], [1, 2]);
    expect(none.mean['2']!.Dice).toBeNaN();
    expect(none.foreground_mean.Dice).toBeNaN();
    expect(none.foreground_mean.TP).toBe(0.5);
  });

  it('leaves the background out of the foreground mean', () => {
    const { foreground_mean } = summarize(
      [{ ...caseOf('a'), metrics: namedMetrics([0, 1], [metrics(5, 0, 0), metrics(1, 1, 0)]) }],
      [0, 1],
    );
    expect(foreground_mean.Dice).toBe(2 / 3);
  });

  it('writes NaN as Python does and reads it back', () => {
    const summary = summarize([caseOf('NaN: "a"', metrics(1, 1, 0), metrics(0, 0, 0))], [1, 2]);
    const text = formatSummary(summary);
    expect(text).toContain('"Dice": NaN');
    expect(parseSummary(text)).toEqual(summary);
  });

  it('refuses what is no summary, and nothing to summarise', () => {
    expect(() => parseSummary('{')).toThrow(/expected JSON/);
    expect(() => parseSummary('[]')).toThrow(/expected an object/);
    expect(() => parseSummary('{}')).toThrow(/foreground_mean: expected an object/);
    expect(() => parseSummary('{"metric_per_case": [], "foreground_mean": {"Dice": "x"}}')).toThrow(
      /foreground_mean\.Dice: expected a number/,
    );
    expect(() => summarize([], [1])).toThrow(/at least one predicted case/);
  });
});
