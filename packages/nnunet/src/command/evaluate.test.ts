/** Scoring and postprocessing of folders: against the official summary, and on cases whose best postprocessing is known by construction. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spatialShape } from '@voxelgrad/io';
import { readImageFile } from '@voxelgrad/io/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import { evaluateFolder } from '../evaluate/node/evaluate-folder.ts';
import { parseSummary } from '../evaluate/summary.ts';
import { decodeSteps, encodeSteps } from '../postprocess/pickle.ts';
import { writeBars } from './bar-images.testing.ts';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-evaluate-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fixtures = fixtureFolder('evaluation');
const python = process.env.PEER_PYTHON;
const missingPeer = python === undefined ? 'PEER_PYTHON names no Python' : undefined;

describe('evaluate', () => {
  it("writes the official summary's numbers, a table and a plot", lacking(fixtures.missing), async () => {
    const official = parseSummary(fixtures.textOf('summary.json'));
    const folder = (file: string): string => fixtures.pathOf(file.slice(file.indexOf('nii/'), file.lastIndexOf('/')));
    const { reference_file, prediction_file } = official.metric_per_case[0]!;
    const output = join(root, 'summary.json');
    const { lines } = await voxelgrad([
      'evaluate',
      folder(reference_file),
      folder(prediction_file),
      ...['-l', '1', '2', '-o', output],
    ]);
    const found = parseSummary(readFileSync(output, 'utf8'));
    expect(found.mean).toEqual(official.mean);
    expect(found.foreground_mean).toEqual(official.foreground_mean);
    expect(lines[0]).toContain(`mean of ${official.metric_per_case.length}`);
    const [names, ...rows] = readFileSync(join(root, 'summary.csv'), 'utf8').trimEnd().split('\n');
    expect(names).toMatch(/^file,region,.*Dice.*hausdorff95.*relativeVolumeError/);
    expect(rows).toHaveLength(2 * official.metric_per_case.length);
    expect(existsSync(join(root, 'summary.png'))).toBe(true);
  });

  it('names what is missing', async () => {
    const [truth, predictions] = ['truth', 'predicted'].map((name) => join(root, name));
    for (const folder of [truth!, predictions!]) mkdirSync(folder);
    await expect(voxelgrad(['evaluate', truth!, predictions!])).rejects.toThrow(/--dataset-json/);
    const words = ['evaluate', truth!, predictions!, '-l', '1'];
    await expect(voxelgrad(words)).rejects.toThrow(/expected predictions that end in \.nii\.gz/);
    await writeBars(join(truth!, 'a.nii.gz'), []);
    await writeBars(join(truth!, 'b.nii.gz'), []);
    await writeBars(join(predictions!, 'a.nii.gz'), []);
    await expect(voxelgrad(words)).rejects.toThrow(/b\.nii\.gz/);
    await voxelgrad([...words, '--chill']);
    // How many there are is known before the first, which may take long.
    const told: unknown[] = [];
    const folders = { referenceFolder: truth!, predictionFolder: predictions!, fileEnding: '.nii.gz', regions: [1] };
    await evaluateFolder({
      ...folders,
      allowMissing: true,
      onStart: (cases) => told.push(cases),
      onCase: (name) => told.push(name),
    });
    expect(told).toEqual([1, 'a.nii.gz']);
    await expect(voxelgrad(['evaluate', truth!, predictions!, '-l', 'one'])).rejects.toThrow(/whole numbers above 0/);
  });
});

describe('postprocessing', () => {
  const truth = join(root, 'gt');
  const predictions = join(root, 'cv');
  beforeAll(async () => {
    mkdirSync(truth);
    mkdirSync(predictions);
    writeFileSync(
      join(predictions, 'dataset.json'),
      JSON.stringify({
        channel_names: { 0: 'MRI' },
        labels: { background: 0, body: 1, spots: 2 },
        file_ending: '.nii.gz',
      }),
    );
    // The body is one piece, and the prediction has a speck of it elsewhere; the spots really are two.
    for (const name of ['case_1', 'case_2']) {
      await writeBars(join(truth, `${name}.nii.gz`), [
        [1, 2, 8],
        [2, 12, 15],
        [2, 17, 19],
      ]);
      await writeBars(join(predictions, `${name}.nii.gz`), [
        [1, 2, 8],
        [1, 22, 23],
        [2, 12, 15],
        [2, 17, 19],
      ]);
    }
  });

  it('keeps the largest component of those labels that gain by it, and of no other', async () => {
    await voxelgrad(['determine-postprocessing', '-i', predictions, '-ref', truth]);
    const json = JSON.parse(readFileSync(join(predictions, 'postprocessing.json'), 'utf8'));
    expect(json.postprocessing_fns).toEqual(['remove_all_but_largest_component_from_segmentation']);
    expect(json.postprocessing_kwargs).toEqual([{ labels_or_regions: 1 }]);
    expect(json.input_folder.mean[1].Dice).toBeCloseTo(12 / 13, 12);
    const after = parseSummary(readFileSync(join(predictions, 'postprocessed', 'summary.json'), 'utf8'));
    expect(after.foreground_mean.Dice).toBe(1);
  });

  it('is applied to other predictions, whose grid stays as it is', async () => {
    const output = join(root, 'final');
    const file = (ending: string): string => join(predictions, `postprocessing.${ending}`);
    const applied = await voxelgrad(['apply-postprocessing', '-i', predictions, '-o', output, '--steps', file('json')]);
    expect(applied.status).toMatch(/^postprocessing {2}2\/2 {2}.* {2}case_2\.nii\.gz\n$/);
    const again = join(root, 'again');
    await voxelgrad(['apply-postprocessing', '-i', predictions, '-o', again, '-pp_pkl_file', file('pkl')]);
    expect(readFileSync(join(again, 'case_1.nii.gz'))).toEqual(readFileSync(join(output, 'case_1.nii.gz')));
    const image = await readImageFile(join(output, 'case_1.nii.gz'));
    const expected = await readImageFile(join(truth, 'case_1.nii.gz'));
    expect(Array.from(image.data)).toEqual(Array.from(expected.data));
    expect(image.affine).toEqual(expected.affine);
    expect(spatialShape(image)).toEqual([3, 3, 24]);
  });

  it('leaves no predictions where they are not wanted, and takes what nnU-Net needs besides', async () => {
    const place = join(root, 'kept-not');
    mkdirSync(place);
    for (const name of ['case_1', 'case_2']) await writeBars(join(place, `${name}.nii.gz`), [[1, 2, 8]]);
    mkdirSync(join(place, 'postprocessed'));
    const json = join(predictions, 'dataset.json');
    const plans = join(root, 'plans.json');
    const shared = ['-np', '8', '-plans_json', plans, '-dataset_json', json];
    const words = ['determine-postprocessing', '-i', place, '-ref', truth, '--remove_postprocessed', ...shared];
    const { status } = await voxelgrad(words);
    expect(status).toMatch(/-np has no effect: .*\n-plans_json has no effect: /);
    expect(existsSync(join(place, 'postprocessed'))).toBe(false);
    const steps = join(place, 'postprocessing.pkl');
    const { lines } = await voxelgrad([
      ...['apply-postprocessing', '-i', place, '-o', join(root, 'kept'), '-pp_pkl_file', steps],
      ...shared,
    ]);
    expect(lines[0]).toMatch(/^2 segmentations/);
    writeFileSync(json.replace('.json', '_png.json'), readFileSync(json, 'utf8').replace('.nii.gz', '.png'));
    const other = ['-i', place, '-o', join(root, 'none'), '-pp_pkl_file', steps];
    await expect(
      voxelgrad(['apply-postprocessing', ...other, '-dataset_json', json.replace('.json', '_png.json')]),
    ).rejects.toThrow(/files that end in \.png/);
    const scored = ['evaluate', truth, place, '-djfile', json, '-pfile', plans, '-np', '2', '--no-surfaces'];
    expect((await voxelgrad(scored)).status).toContain('-pfile has no effect');
  });

  it("is pickled as nnU-Net's function and its labels", lacking(missingPeer), () => {
    const code = [
      'import pickle, sys, types',
      'module = types.ModuleType("nnunetv2.postprocessing.remove_connected_components")',
      'def remove_all_but_largest_component_from_segmentation(): pass',
      'module.remove_all_but_largest_component_from_segmentation = remove_all_but_largest_component_from_segmentation',
      'sys.modules.update({"nnunetv2": types.ModuleType("nnunetv2"), "nnunetv2.postprocessing": types.ModuleType("p")})',
      'sys.modules["nnunetv2.postprocessing.remove_connected_components"] = module',
      'functions, options = pickle.load(open(sys.argv[1], "rb"))',
      'print([f.__name__ for f in functions], options)',
    ].join('\n');
    const file = join(predictions, 'postprocessing.pkl');
    const printed = execFileSync(python!, ['-c', code, file], { encoding: 'utf8' });
    expect(printed.trim()).toBe("['remove_all_but_largest_component_from_segmentation'] [{'labels_or_regions': 1}]");
  });

  it('reads steps of regions and of several labels', () => {
    const steps = [{ labels: [1, 2, 3] }, { labels: 2 }];
    expect(decodeSteps(encodeSteps(steps), 'postprocessing.pkl')).toEqual(steps);
    expect(() => decodeSteps(Uint8Array.from(Buffer.from('cos\nsystem\n.')), 'a.pkl')).toThrow(/os\.system/);
  });

  it('refuses steps that it does not know', async () => {
    const steps = join(root, 'steps.json');
    writeFileSync(steps, JSON.stringify({ postprocessing_fns: ['os.system'], postprocessing_kwargs: [{}] }));
    const words = ['apply-postprocessing', '-i', predictions, '-o', join(root, 'x'), '--steps', steps];
    await expect(voxelgrad(words)).rejects.toThrow(
      /expected remove_all_but_largest_component_from_segmentation, got "os\.system"/,
    );
  });
});
