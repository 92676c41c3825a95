/**
 * Real models, from the folder that the official trainer wrote to segmentations of real images: what its checkpoint holds, preprocessed images, logits
 * and segmentations, without and with mirroring. Logits summed in f32 are compared value by value; the official predictor sums in half precision, so
 * its own are compared by their mean difference and by the segmentation.
 */
import { join } from 'node:path';
import { type Case, type LoadedCase, readCase } from '@voxelgrad/io';
import { openFile, openFolder } from '@voxelgrad/io/node';
import { stateDict } from '@voxelgrad/nn';
import {
  officialNames,
  openModel,
  originalName,
  type Predictor,
  predictLogits,
  preprocessCase,
  segmentationOfLogits,
} from '@voxelgrad/nnunet';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, exactly } from '../compare.ts';
import { lastToFirst } from '../layout.ts';

export async function checkModel(entry: ParityCase, device: Device): Promise<Comparison> {
  if (entry.op === 'torch checkpoint') return checkCheckpoint(entry, device);
  if (entry.op === 'nnUNetPredictor') return checkPredictions(entry, device);
  throw new VoxelgradError('option', { what: `model: ${entry.op}`, expected: 'torch checkpoint, nnUNetPredictor' });
}

async function openPredictor(folder: string, device: Device): Promise<Predictor> {
  const model = await openModel(await openFolder(folder));
  const networks = await Promise.all(model.folds.map((fold) => model.loadFold(fold, device)));
  return { ...model, networks, device };
}

/** Names in the official order, and every tensor that the case samples. */
async function checkCheckpoint(entry: ParityCase, device: Device): Promise<Comparison> {
  const attrs = entry.attrs as { path: string; keys: string[]; n_unique_storages: number };
  const comparison = new Comparison(exactly);
  const { networks } = await openPredictor(join(entry.folder, attrs.path, '../..'), device);
  const state = await stateDict(networks[0]!);
  comparison.json('names', officialNames([...state.keys()]), attrs.keys);
  comparison.values('number of tensors', [state.size], [attrs.n_unique_storages]);
  for (const [name, { data }] of await readTensors(entry)) {
    comparison.values(name, state.get(originalName(name))!.data, data);
  }
  networks[0]!.dispose();
  return comparison;
}

/** The names of a prediction's tensors end in this. */
const suffixes = { plain: '', mirrored: '_tta' } as const;

async function checkPredictions(entry: ParityCase, device: Device): Promise<Comparison> {
  const { fp32acc_rtol: rtol, fp32acc_atol: atol, seg_mismatch_fraction: share, official_mean_abs } = entry.tolerance;
  const comparison = new Comparison({ rtol: rtol!, atol: atol! });
  const tensors = await readTensors(entry);
  const files = entry.files as { image: string; model: string };
  const predictor = await openPredictor(join(entry.folder, files.model), device);
  const image: Case = { name: entry.name, channels: [{ file: await openFile(join(entry.folder, files.image)) }] };
  const loaded = await readCase(image);
  await checkData(predictor, loaded, tensors, comparison);
  for (const suffix of Object.values(suffixes)) {
    const mirror = suffix === suffixes.mirrored;
    const { logits, properties } = await predictLogits(predictor, loaded, { mirror });
    const [depth, height, width, classes] = logits.shape as readonly [number, number, number, number];
    const values = lastToFirst(logits.data, classes);
    compareLogits(`fp32acc${suffix}`, values, depth, height * width, tensors, comparison);
    comparison.values(
      `mean difference of logits${suffix}`,
      [meanDifference(values, tensors.get(`logits${suffix}`)?.data as Float32Array | undefined)],
      [0],
      { rtol: 0, atol: official_mean_abs! },
    );
    const { labels } = predictor.description;
    const segmentation = await segmentationOfLogits(logits, properties, { ...predictor, labels });
    for (const name of [`seg_zyx${suffix}`, `seg_fp32acc${suffix}`])
      comparison.labels(name, segmentation, tensors.get(name)!.data, share!);
  }
  for (const network of predictor.networks) network.dispose();
  return comparison;
}

async function checkData(
  predictor: Predictor,
  loaded: LoadedCase,
  tensors: CaseTensors,
  comparison: Comparison,
): Promise<void> {
  const expected = tensors.get('data');
  if (expected === undefined) return;
  const { labels } = predictor.description;
  const { data, channels } = await preprocessCase(loaded, {
    ...predictor,
    labels,
    device: async () => predictor.device,
  });
  comparison.values('preprocessed', lastToFirst(data, channels), expected.data, { rtol: 1e-4, atol: 1e-4 });
}

/** All logits `[c, d, h, w]`, or their middle slice, whichever the case has. */
function compareLogits(
  name: string,
  values: Float32Array,
  depth: number,
  plane: number,
  tensors: CaseTensors,
  comparison: Comparison,
): void {
  const whole = tensors.get(`logits_${name}`);
  if (whole !== undefined) comparison.values(name, values, whole.data);
  const slice = tensors.get(`logits_${name}_mid_slice`);
  if (slice === undefined) return;
  const middle = Math.floor(depth / 2) * plane;
  const classes = values.length / (depth * plane);
  const got = new Float32Array(classes * plane);
  for (let c = 0; c < classes; c++) {
    const start = c * depth * plane + middle;
    got.set(values.subarray(start, start + plane), c * plane);
  }
  comparison.values(`${name}, middle slice`, got, slice.data);
}

function meanDifference(values: Float32Array, expected: Float32Array | undefined): number {
  if (expected === undefined) return 0;
  return values.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / values.length;
}
