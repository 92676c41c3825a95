/** Fingerprints against NumPy's numbers for real images, and against sampling voxel by voxel. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LoadedCase, openDataSet, readCase } from '@voxelgrad/io';
import { openFolder } from '@voxelgrad/io/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { NumpyRandomState } from '../splits/numpy-random.ts';
import { median, percentile } from '../statistics/percentile.ts';
import { combineFingerprints, fingerprintOfCase } from './extract.ts';
import { formatFingerprint, parseFingerprint } from './fingerprint.ts';
import { joinIntensities, samplesPerCase } from './foreground-intensities.ts';

const hippocampus = fileURLToPath(new URL('../../../../../shared/data/Dataset004_Hippocampus', import.meta.url));
const missing = existsSync(hippocampus) ? undefined : 'no ../shared/data/Dataset004_Hippocampus beside the repository';

const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const;

/** `[2, 3, 4]` voxels with values of a simple rule, the first plane 0; label 1 where the value is a multiple of three. */
function madeUpCase(name: string, factor: number): LoadedCase {
  const data = Float32Array.from({ length: 24 }, (_, i) => (i < 12 ? 0 : i * factor));
  const label = Uint8Array.from({ length: 24 }, (_, i) => (i >= 12 && i % 3 === 0 ? 1 : 0));
  const geometry = { shape: [2, 3, 4], spacing: [2, 1, 1] as const, affine };
  return { name, channels: [{ ...geometry, data }], label: { ...geometry, data: label } };
}

describe('fingerprintOfCase', () => {
  it('crops, and draws as RandomState(1234).choice does', () => {
    const found = fingerprintOfCase(madeUpCase('a', 2), 1000);
    expect(found).toMatchObject({ shape: [1, 3, 4], spacing: [2, 1, 1], relativeSize: 0.5 });
    const foreground = [24, 30, 36, 42];
    const drawn = [...new NumpyRandomState(1234).choice(4, 1000, true)].map((i) => foreground[i]!);
    expect([...found.intensities[0]!.values]).toEqual(foreground);
    expect([...found.intensities[0]!.counts]).toEqual(
      foreground.map((value) => drawn.filter((x) => x === value).length),
    );
  });

  it('draws other voxels for the second channel', () => {
    const one = madeUpCase('a', 1);
    const [first, second] = fingerprintOfCase(
      { ...one, channels: [one.channels[0]!, one.channels[0]!] },
      999,
    ).intensities;
    expect(second!.values).toEqual(first!.values);
    expect(second!.counts).not.toEqual(first!.counts);
    expect(second!.counts.reduce((a, b) => a + b)).toBe(999);
  });

  it('refuses cases without labels and values that are none', () => {
    const { label: _, ...unlabelled } = madeUpCase('a', 1);
    expect(() => fingerprintOfCase(unlabelled, 10)).toThrow(/case a: expected a segmentation/);
    const broken = madeUpCase('b', 1);
    // Outside of the foreground, whose intensities are all that is sampled.
    broken.channels[0]!.data[13] = Number.NaN;
    expect(() => fingerprintOfCase(broken, 10)).toThrow(/channel 0 of case b: expected finite voxels.*the first NaN/);
  });
});

describe('combineFingerprints', () => {
  it('has the statistics of all that was drawn', () => {
    const cases = [1, 2, 3].map((factor) => fingerprintOfCase(madeUpCase(`case ${factor}`, factor), 500));
    const fingerprint = combineFingerprints(cases);
    const joined = joinIntensities(cases.map(({ intensities }) => intensities[0]!));
    const all = [...joined.values].flatMap((value, i) => new Array<number>(joined.counts[i]!).fill(value));
    expect(all).toHaveLength(1500);
    const mean = all.reduce((a, b) => a + b) / 1500;
    const properties = fingerprint.foreground_intensity_properties_per_channel['0']!;
    expect(properties).toMatchObject({
      min: 12,
      max: 63,
      median: median(all),
      percentile_00_5: percentile(all, 0.5),
      percentile_99_5: percentile(all, 99.5),
    });
    expect(properties.mean).toBeCloseTo(mean, 10);
    expect(properties.std).toBeCloseTo(Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 1500), 10);
    expect(fingerprint.median_relative_size_after_cropping).toBe(0.5);
    expect(parseFingerprint(formatFingerprint(fingerprint))).toEqual(fingerprint);
  });

  it('refuses a data set without foreground', () => {
    const one = madeUpCase('a', 1);
    const empty = { ...one, label: { ...one.label!, data: new Uint8Array(24) } };
    expect(() => combineFingerprints([fingerprintOfCase(empty, 10)])).toThrow(/foreground in at least one case/);
    expect(() => combineFingerprints([])).toThrow(/at least one case/);
  });
});

describe('the hippocampus', lacking(missing), () => {
  it("has NumPy's statistics", async () => {
    const { cases } = await openDataSet(await openFolder(hippocampus));
    const samples = samplesPerCase(cases.length);
    expect(samples).toBe(500_000);
    const fingerprints = [];
    for (const entry of cases) fingerprints.push(fingerprintOfCase(await readCase(entry), samples));
    const fingerprint = combineFingerprints(fingerprints);
    // numpy.percentile of the 10⁸ samples; mean and std of them as float64.
    expect(fingerprint.foreground_intensity_properties_per_channel['0']).toEqual({
      max: 465995.09375,
      mean: 19506.83184417195,
      median: 358.8132629394531,
      min: 0,
      percentile_00_5: 29,
      percentile_99_5: 275863.84375,
      std: 57248.79002321972,
    });
    expect(fingerprint.median_relative_size_after_cropping).toBe(1);
  }, 30_000);
});

describe('parseFingerprint', () => {
  it.each([
    ['{}', /foreground_intensity_properties_per_channel: expected an object/],
    ['[', /expected JSON/],
    [
      '{"foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1, "shapes_after_crop": [[1, 2, 3]], "spacings": []}',
      /0 spacings and 1 shapes/,
    ],
    [
      '{"foreground_intensity_properties_per_channel": {}, "median_relative_size_after_cropping": 1, "shapes_after_crop": [[1, 2, 3]], "spacings": [[1, 0, 1]]}',
      /above 0/,
    ],
  ])('refuses %s', (text, message) => {
    expect(() => parseFingerprint(text)).toThrow(message);
  });
});
