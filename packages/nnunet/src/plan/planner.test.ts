/** Plans against those of the official planners, and against plans found in the wild. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DatasetDescription, imageReaderOf, parseLabels, readDatasetJson, sourceFromBytes } from '@voxelgrad/io';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import { type DatasetFingerprint, formatFingerprint, parseFingerprint } from '../fingerprint/fingerprint.ts';
import { configurationOf, parsePlans } from './parse-plans.ts';
import { planExperiment } from './planner.ts';
import { formatPlans, type Plans } from './plans.ts';
import type { PlannerName } from './presets.ts';

const fixtures = fixtureFolder('planner');

const descriptionOf = (text: string): Promise<DatasetDescription> =>
  readDatasetJson(sourceFromBytes(new TextEncoder().encode(text), 'dataset.json'));

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The leaves that differ, by path: `configurations.2d.batch_size: 12, not 13`. */
function differences(got: unknown, expected: unknown, path = ''): string[] {
  if (!isContainer(got) || !isContainer(expected))
    return got === expected ? [] : [`${path}: ${JSON.stringify(got)}, not ${JSON.stringify(expected)}`];
  const keys = [...new Set([...Object.keys(got), ...Object.keys(expected)])];
  return keys.flatMap((key) => differences(got[key], expected[key], path === '' ? key : `${path}.${key}`));
}

const asWritten = (plans: Plans): unknown => JSON.parse(formatPlans(plans));

/** A made-up data set of equal cases. */
const madeUp = (cases: number, shape: readonly number[], spacing: readonly number[]) => {
  const fingerprint: DatasetFingerprint = {
    spacings: Array.from({ length: cases }, () => spacing),
    shapes_after_crop: Array.from({ length: cases }, () => shape),
    median_relative_size_after_cropping: 1,
    foreground_intensity_properties_per_channel: {},
  };
  const description: DatasetDescription = {
    channelNames: ['MRI'],
    labels: parseLabels({ background: 0, anterior: 1, posterior: 2 }, undefined, 'test'),
    fileEnding: '.nii.gz',
    numTraining: cases,
  };
  return { fingerprint, description };
};

describe('plans of the official planners', lacking(fixtures.missing), () => {
  type Attrs = { dataset_name: string; planners: Record<string, [PlannerName, string, number]> };
  const cases = fixtures.missing ? [] : fixtures.casesOf<Attrs>('planner');

  it.each(cases)('$name', async ({ name, attrs }) => {
    const text = (file: string): string => fixtures.textOf(`${name}/${file}`);
    const description = await descriptionOf(text('dataset.json'));
    const fingerprint = parseFingerprint(text('dataset_fingerprint.json'));
    for (const [planner, [preset, plansName, memory]] of Object.entries(attrs.planners)) {
      const official = text(`${planner}.plans.json`);
      const plans = planExperiment(attrs.dataset_name, description, fingerprint, {
        planner: preset,
        plansName,
        memory,
      });
      expect(differences(asWritten(plans), JSON.parse(official))).toEqual([]);
      // What is read and written again is the same; so is the order of configurations.
      expect(differences(asWritten(parsePlans(official)), JSON.parse(official))).toEqual([]);
      expect(Object.keys(plans.configurations)).toEqual(Object.keys(JSON.parse(official).configurations));
    }
    expect(
      differences(JSON.parse(formatFingerprint(fingerprint)), JSON.parse(text('dataset_fingerprint.json'))),
    ).toEqual([]);
  });
});

describe('plans found in the wild', () => {
  const root = fileURLToPath(new URL('../../../../../shared/data/plans', import.meta.url));
  const folders = existsSync(root) ? readdirSync(root) : [];
  const missing = folders.length === 0 ? 'no ../shared/data/plans beside the repository' : undefined;

  // Without folders one test is left, to be counted as skipped.
  it.each(missing === undefined ? folders : ['none'])('%s', lacking(missing), async (folder) => {
    const text = (file: string): string => readFileSync(`${root}/${folder}/${file}`, 'utf8');
    const file = readdirSync(`${root}/${folder}`).find((name) => /plans\.json$/i.test(name))!;
    const official = parsePlans(text(file), file);
    const plans = planExperiment(
      official.dataset_name,
      await descriptionOf(text('dataset.json')),
      parseFingerprint(text('dataset_fingerprint.json')),
    );
    expect(differences(asWritten(plans), asWritten(official))).toEqual([]);
  });
});

describe('planExperiment', () => {
  it('has the figures that nnU-Net states for the hippocampus', () => {
    const { description, fingerprint } = madeUp(260, [36, 50, 35], [1, 1, 1]);
    const plans = planExperiment('Dataset004_Hippocampus', description, fingerprint);
    expect(configurationOf(plans, '3d_fullres')).toMatchObject({ batch_size: 9, patch_size: [40, 56, 40] });
    expect(configurationOf(plans, '2d')).toMatchObject({ batch_size: 366, patch_size: [56, 40] });
    expect(configurationOf(plans, '3d_fullres').architecture.arch_kwargs.features_per_stage).toEqual([
      32, 64, 128, 256,
    ]);
  });

  it('plans less for less memory, and refuses what no network fits into', () => {
    const { description, fingerprint } = madeUp(100, [128, 128, 128], [1, 1, 1]);
    const plan = (memory: number, largestTensor = Number.POSITIVE_INFINITY) =>
      configurationOf(
        planExperiment('Dataset001_A', description, fingerprint, { memory, largestTensor }),
        '3d_fullres',
      );
    expect(plan(8).patch_size).toEqual([128, 128, 128]);
    const small = plan(2);
    expect(small.patch_size.reduce((a, b) => a * b)).toBeLessThan(128 ** 3 / 2);
    expect(small.batch_size).toBe(2);
    // Joined inputs of the last decoder stage: 64 channels of four bytes, two samples.
    const limit = 128 * 2 ** 20;
    const limited = plan(8, limit);
    expect(2 * 64 * 4 * limited.patch_size.reduce((a, b) => a * b)).toBeLessThanOrEqual(limit);
    expect(() => plan(1e-4)).toThrow(/a plan for 0\.0001 GB: expected memory for the smallest patch/);
  });

  it('brings the coarsest axis to the front, and resamples to what it is told', () => {
    const { description, fingerprint } = madeUp(50, [100, 100, 20], [1, 1, 4]);
    const plans = planExperiment('Dataset001_A', description, fingerprint);
    expect(plans.transpose_forward).toEqual([2, 0, 1]);
    expect(plans.transpose_backward).toEqual([1, 2, 0]);
    const { spacing } = configurationOf(
      planExperiment('Dataset001_A', description, fingerprint, { targetSpacing: [2, 1, 1] }),
      '3d_fullres',
    );
    expect(spacing).toEqual([2, 1, 1]);
    expect(() => planExperiment('Dataset001_A', description, fingerprint, { targetSpacing: [1, 1] })).toThrow(
      /three numbers/,
    );
  });
});

describe('imageReaderOf', () => {
  it.each([
    ['.nii.gz', 'SimpleITKIO'],
    ['.nii', 'NibabelIO'],
    ['.png', 'NaturalImage2DIO'],
    ['.tiff', 'Tiff3DIO'],
  ])('%s is read by %s', (fileEnding, reader) => {
    const { description } = madeUp(1, [1, 1, 1], [1, 1, 1]);
    expect(imageReaderOf({ ...description, fileEnding })).toBe(reader);
    expect(() => imageReaderOf({ ...description, fileEnding: '.jpg' })).toThrow(/file_ending/);
  });

  it('takes the first that can read the images: stacks in .tif are none for NaturalImage2DIO', () => {
    const plansFor = (shape: number[]) => {
      const { description, fingerprint } = madeUp(3, shape, [1, 1, 1]);
      return planExperiment('Dataset001_A', { ...description, fileEnding: '.tif' }, fingerprint).image_reader_writer;
    };
    expect(plansFor([1, 64, 64])).toBe('NaturalImage2DIO');
    expect(plansFor([64, 64, 64])).toBe('Tiff3DIO');
  });
});
