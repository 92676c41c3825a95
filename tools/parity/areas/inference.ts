/** Gaussian maps, sliding-window steps, padding, and whole predictions of toy networks with mirroring, folds and regions. */
import { parseLabels } from '@voxelgrad/io';
import { floatFromHalf, halfFromFloat, loadStateDict } from '@voxelgrad/nn';
import {
  gaussianImportance,
  PlainConvUNet,
  paddingToPatch,
  predictSlidingWindow,
  toSegmentation,
  windowSteps,
} from '@voxelgrad/nnunet';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison } from '../compare.ts';
import { lastToFirst, toChannelsLast } from '../layout.ts';
import { weightsOf } from './network.ts';

type Check = (entry: ParityCase, comparison: Comparison, device: Device) => Promise<void>;

export async function checkInference(entry: ParityCase, device: Device): Promise<Comparison> {
  const check = CHECKS[entry.op];
  if (check === undefined)
    throw new VoxelgradError('option', { what: `inference: ${entry.op}`, expected: Object.keys(CHECKS).join(', ') });
  const comparison = new Comparison({ rtol: entry.tolerance.rtol ?? 0, atol: entry.tolerance.atol ?? 0 });
  await check(entry, comparison, device);
  return comparison;
}

const CHECKS: Record<string, Check> = {
  compute_gaussian: checkGaussian,
  compute_steps_for_sliding_window: checkSteps,
  pad_nd_image: checkPadding,
  'nnUNetPredictor.predict_logits_from_preprocessed_data': checkPrediction,
};

async function checkGaussian(entry: ParityCase, comparison: Comparison): Promise<void> {
  const attrs = entry.attrs as { tile_size: number[]; n_min?: number; min?: number; sum?: number };
  const tensors = await readTensors(entry);
  const map = gaussianImportance(attrs.tile_size);
  for (const [name, maximum] of Object.entries({ gauss_fp16_scale10: 10, gauss_fp16_scale1: 1 }))
    if (tensors.has(name))
      comparison.values(name, gaussianImportance(attrs.tile_size, { maximum }), tensors.get(name)!.data);
  if (tensors.has('gauss_fp64_scale10')) comparison.values('fp64', map, tensors.get('gauss_fp64_scale10')!.data);
  if (attrs.min === undefined) return;
  // A summary of a map too large to store, in half precision as the official code keeps it.
  const extent = attrs.tile_size[0]!;
  const halves = map.map((value) => Math.max(floatFromHalf(halfFromFloat(value)), attrs.min!));
  const at = (d: number, h: number, w: number): number => halves[(d * extent + h) * extent + w]!;
  const [sum, lowest] = halves.reduce(
    ([total, count], value) => [total + value, count + (value === attrs.min ? 1 : 0)] as const,
    [0, 0] as readonly [number, number],
  );
  comparison.values('sum', [sum], [attrs.sum!]);
  comparison.values('voxels at the minimum', [lowest], [attrs.n_min!]);
  const line = Array.from({ length: extent }, (_, i) => i);
  const middle = Math.floor(extent / 2);
  comparison.values(
    'diagonal',
    line.map((i) => at(i, i, i)),
    tensors.get('diag')!.data,
  );
  comparison.values(
    'middle line',
    line.map((i) => at(middle, middle, i)),
    tensors.get('mid_line')!.data,
  );
  const corner = Array.from({ length: 27 }, (_, i) => at(Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3));
  comparison.values('corner', corner, tensors.get('corner')!.data);
}

async function checkSteps(entry: ParityCase, comparison: Comparison): Promise<void> {
  const { table } = entry.attrs as { table: { image: number[]; tile: number[]; step: number; steps: number[][] }[] };
  for (const { image, tile, step, steps } of table)
    for (const [axis, found] of windowSteps(image, tile, { step }).entries())
      comparison.values(`steps of ${tile} in ${image}, axis ${axis}`, found, steps[axis]!);
}

async function checkPadding(entry: ParityCase, comparison: Comparison): Promise<void> {
  type Row = { image: number[]; patch: number[]; padded: number[]; revert: [number, number][] };
  for (const { image, patch, padded, revert } of (entry.attrs as { table: Row[] }).table) {
    const { shape, before } = paddingToPatch(image, patch);
    comparison.values(`${image} padded to ${patch}`, shape, padded);
    const inside = before.flatMap((start, axis) => [start, start + image[axis]!]);
    comparison.values(`place of ${image} in ${patch}`, inside, revert.flat());
  }
}

interface Run {
  readonly i: number;
  readonly shape: readonly number[];
  readonly use_mirroring: boolean;
  readonly use_gaussian: boolean;
  readonly folds: readonly number[];
  readonly tile_step_size: number;
  readonly mirror_axes: readonly number[];
}

async function checkPrediction(entry: ParityCase, comparison: Comparison, device: Device): Promise<void> {
  const attrs = entry.attrs as {
    patch_size: number[];
    features_per_stage: number[];
    strides: number[][];
    kernel_sizes: number[][];
    num_classes: number;
    labels: Record<string, number | number[]>;
    regions_class_order: number[] | null;
    runs: Run[];
  };
  const tolerance = entry.tolerance as Record<
    'fp32acc_rtol' | 'fp32acc_atol' | 'official_mean_abs' | 'seg_mismatch_fraction',
    number
  >;
  const tensors = await readTensors(entry);
  const labels = parseLabels(attrs.labels, attrs.regions_class_order ?? undefined, entry.name);
  // The share that may differ is one of the whole case: at the corners of a single window the official half precision alone changes 1 %.
  const segmented: number[] = [];
  const officiallySegmented: number[] = [];
  for (const run of attrs.runs) {
    const channels = tensors.get(`x${run.i}`)!.shape[0]!;
    const networks = run.folds.map((fold) => {
      const network = new PlainConvUNet({
        inputChannels: channels,
        classes: attrs.num_classes,
        features: attrs.features_per_stage,
        strides: attrs.strides,
        kernels: attrs.kernel_sizes,
        device,
      });
      loadStateDict(network, weightsOf(tensors, `fold${fold}.`));
      return network;
    });
    const logits = await predictSlidingWindow(networks, device, imageOf(tensors, `x${run.i}`), {
      patch: attrs.patch_size,
      step: run.tile_step_size,
      blend: run.use_gaussian ? 'gaussian' : 'average',
      mirrorAxes: run.use_mirroring ? run.mirror_axes : [],
    });
    for (const network of networks) network.dispose();
    const found = lastToFirst(logits.data, attrs.num_classes);
    comparison.values(`logits of run ${run.i}`, found, tensors.get(`logits_fp32acc${run.i}`)!.data, {
      rtol: tolerance.fp32acc_rtol,
      atol: tolerance.fp32acc_atol,
    });
    const official = tensors.get(`logits${run.i}`)!.data as Float32Array;
    const distance = found.reduce((sum, value, i) => sum + Math.abs(value - official[i]!), 0) / found.length;
    comparison.values(`mean distance of run ${run.i} from the official logits`, [distance], [0], {
      rtol: 0,
      atol: tolerance.official_mean_abs,
    });
    segmented.push(...toSegmentation(logits, labels));
    officiallySegmented.push(...(tensors.get(`seg${run.i}`)!.data as Uint8Array));
  }
  comparison.labels('segmentations', segmented, officiallySegmented, tolerance.seg_mismatch_fraction);
}

function imageOf(tensors: CaseTensors, name: string): { shape: number[]; data: Float32Array } {
  const { data, shape } = tensors.get(name) as { data: Float32Array; shape: readonly number[] };
  return { shape: [...shape.slice(1), shape[0]!], data: toChannelsLast(data, shape[0]!) };
}
