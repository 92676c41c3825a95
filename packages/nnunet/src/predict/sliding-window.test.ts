/**
 * Windows that are added up as they come against sums written out anew in double precision; and streams of logits: the same bits as the whole, in memory
 * that does not grow with the volume's depth.
 */
import { type Labels, parseLabels } from '@voxelgrad/io';
import type { Device } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { windowWeights } from '../inference-geometry/importance.ts';
import { paddingToPatch } from '../inference-geometry/padding.ts';
import { windowOrigins } from '../inference-geometry/windows.ts';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { type ExportContext, exportPrediction, segmentationOfLogits } from './export-prediction.ts';
import { gatherBlocks, type LogitBlock, streamOf } from './logit-cells.ts';
import { predictSlidingWindow, type SlidingWindowOptions, streamSlidingWindow } from './sliding-window.ts';
import { WindowSum } from './window-sum.ts';

const CLASSES = 3;

const product = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);
const waves = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + phase) + Math.cos(0.37 * i * phase));

/** Windows of the geometry of a volume that is padded to its patch, with logits of their own. */
function windowsOver(shape: readonly number[], window: readonly number[]) {
  const { shape: padded, before } = paddingToPatch(shape, window);
  const origins = windowOrigins(padded, window[0] === 1 ? window.slice(1) : window).map((origin) =>
    origin.map((first, axis) => first - before[axis]!),
  );
  return { origins, logits: (i: number) => waves(product(window) * CLASSES, i + 1) };
}

describe('WindowSum', () => {
  it.each([
    { name: 'many windows', shape: [23, 17, 11], window: [8, 6, 5] },
    { name: 'a volume smaller than the window', shape: [5, 9, 4], window: [8, 6, 5] },
    { name: 'planes', shape: [4, 17, 11], window: [1, 6, 5] },
  ])('is the weighted mean, $name', ({ shape, window }) => {
    const { origins, logits } = windowsOver(shape, window);
    const weights = windowWeights('gaussian', window);
    const [d, h, w] = shape as [number, number, number];
    const [sums, total] = [new Float64Array(d * h * w * CLASSES), new Float64Array(d * h * w)];
    for (const [i, [oz, oy, ox]] of origins.entries())
      for (let z = 0, at = 0; z < window[0]!; z++)
        for (let y = 0; y < window[1]!; y++)
          for (let x = 0; x < window[2]!; x++, at++) {
            const [pz, py, px] = [z + oz!, y + oy!, x + ox!];
            if (pz < 0 || py < 0 || px < 0 || pz >= d || py >= h || px >= w) continue;
            const voxel = (pz * h + py) * w + px;
            total[voxel]! += weights[at]!;
            for (let c = 0; c < CLASSES; c++) sums[voxel * CLASSES + c]! += weights[at]! * logits(i)[at * CLASSES + c]!;
          }
    const expected = sums.map((value, i) => value / total[Math.floor(i / CLASSES)]!);
    for (const cellBytes of [0, 700, Number.POSITIVE_INFINITY]) {
      const settings = { shape, values: CLASSES, origins, window, weights, blend: 'gaussian', cellBytes } as const;
      const sum = new WindowSum(settings);
      const blocks: LogitBlock[] = [];
      let reached = [0, 0] as readonly [number, number];
      for (const [i, origin] of origins.entries()) {
        sum.add(origin, window, logits(i));
        const next = origins[i + 1];
        if (next?.[0] === origin[0] && next?.[1] === origin[1]) continue;
        for (const { planes, rows, blocks: finished } of sum.finish(origin)) {
          expect([planes[0], rows[0]]).toEqual(reached);
          reached = rows[1] === h ? [planes[1], 0] : [planes[0], rows[1]];
          blocks.push(...finished);
        }
      }
      expect(reached).toEqual([d, 0]);
      expect(blocks.length === 1).toBe(cellBytes === Number.POSITIVE_INFINITY);
      const everything = { classes: CLASSES, first: 0, count: CLASSES };
      expectClose(gatherBlocks(blocks, [0, d], [0, h], w * CLASSES, everything), expected, { rtol: 1e-5, atol: 1e-6 });
    }
  });

  it('keeps no more than what windows still overlap', () => {
    const window = [8, 8, 8];
    const weights = windowWeights('gaussian', window);
    const bytesFor = (voxels: number): number => 4 * voxels * (CLASSES + 1);
    const peakOf = (shape: readonly number[]): number => {
      const { origins, logits } = windowsOver(shape, window);
      const sum = new WindowSum({ shape, values: CLASSES, origins, window, weights, blend: 'gaussian', cellBytes: 0 });
      const values = logits(0);
      for (const [i, origin] of origins.entries()) {
        sum.add(origin, window, values);
        if (origins[i + 1]?.[1] !== origin[1]) for (const _ of sum.finish(origin));
      }
      return sum.peakBytes;
    };
    const [h, w] = [40, 12];
    // Half a patch of planes of the whole height, and as much again of the rows that one row of windows covers.
    const bound = bytesFor((4 * h + 4 * 8) * w);
    for (const depth of [24, 48, 96]) expect(peakOf([depth, h, w])).toBe(bound);
    expect(bound).toBeLessThan(bytesFor(24 * h * w) / 4);
  });
});

describeOnEach('streams of logits on $name', ({ open }) => {
  const networkOn = (device: Device, dimension: number) =>
    new PlainConvUNet({
      inputChannels: 1,
      classes: CLASSES,
      features: [4, 4],
      kernels: [0, 1].map(() => Array.from({ length: dimension }, () => 3)),
      device,
      seed: 5,
    });

  const cases: readonly { name: string; shape: readonly number[]; options: SlidingWindowOptions }[] = [
    { name: '3-D', shape: [20, 14, 9, 1], options: { patch: [8, 8, 8] } },
    { name: '3-D, mirrored', shape: [13, 14, 9, 1], options: { patch: [8, 8, 8], mirrorAxes: [0, 2] } },
    { name: 'smaller than the patch', shape: [5, 6, 9, 1], options: { patch: [8, 8, 8] } },
    { name: '2-D', shape: [3, 14, 9, 1], options: { patch: [8, 8], mirrorAxes: [0] } },
    { name: 'the largest logit', shape: [13, 9, 9, 1], options: { patch: [8, 8, 8], blend: 'max' } },
  ];

  it.each(cases)('have the bits of the whole: $name', async ({ name, shape, options }) => {
    const device = await open();
    const networks = [networkOn(device, options.patch.length)];
    const image = { shape, data: waves(product(shape), 2) };
    const whole = await predictSlidingWindow(networks, device, image, options);
    const stream = streamSlidingWindow(networks, device, image, { ...options, cellBytes: 0 });
    const blocks: LogitBlock[] = [];
    for await (const cell of stream.cells) blocks.push(...cell.blocks);
    expect(blocks.length > 1).toBe(name !== 'smaller than the patch');
    const everything = { classes: CLASSES, first: 0, count: CLASSES };
    const [d, h, w] = shape as [number, number, number];
    expect(gatherBlocks(blocks, [0, d], [0, h], w * CLASSES, everything)).toEqual(whole.data);
    for (const network of networks) network.dispose();
  });

  // Parts of a window's copies, all of them, and those of more windows than are left at the end.
  it.each([3, 6, 17])('are the same with %d windows and copies at a time', async (batchSize) => {
    const device = await open();
    const networks = [networkOn(device, 3), networkOn(device, 3)];
    const image = { shape: [13, 9, 8, 1], data: waves(13 * 9 * 8, 2) };
    const options = { patch: [8, 8, 8], mirrorAxes: [0, 2] };
    const before = device.memory().usedBytes;
    const expected = await predictSlidingWindow(networks, device, image, options);
    const { data } = await predictSlidingWindow(networks, device, image, { ...options, batchSize });
    expectClose(data, expected.data, { rtol: 0, atol: device.kind === 'cpu' ? 0 : 1e-5 });
    expect(device.memory().usedBytes).toBe(before);
    for (const network of networks) network.dispose();
  });

  it('see every slice once with a network in the plane', async () => {
    const device = await open();
    const network = networkOn(device, 2);
    let all = 0;
    const options = { patch: [8, 8], onWindow: (_: number, windows: number) => (all = windows) };
    await predictSlidingWindow([network], device, { shape: [7, 8, 8, 1], data: waves(7 * 64, 1) }, options);
    expect(all).toBe(7);
    network.dispose();
  });

  it('give the segmentations and probabilities of the whole, on any grid', async () => {
    const device = await open();
    const networks = [networkOn(device, 3)];
    const image = { shape: [20, 14, 9, 1], data: waves(20 * 14 * 9, 2) };
    const options = { patch: [8, 8, 8] };
    const whole = await predictSlidingWindow(networks, device, image, options);
    for (const { labels, spacing, size, order } of exports) {
      const { context, properties } = exportTo(labels, spacing, size, order, device);
      const all = { probabilities: true, nextStages: [[9, 17, 12]] } as const;
      const expected = await exportPrediction(streamOf(whole), properties, { ...context, resampledValues: 1e9 }, all);
      expect(new Set(expected.segmentation).size).toBeGreaterThan(1);
      expect(await segmentationOfLogits(whole, properties, context)).toEqual(expected.segmentation);
      for (const resampledValues of [1, 2000, 1e9]) {
        const stream = streamSlidingWindow(networks, device, image, { ...options, cellBytes: 0 });
        const found = await exportPrediction(stream, properties, { ...context, resampledValues }, all);
        expect(found.segmentation).toEqual(expected.segmentation);
        expect(found.nextStages).toEqual(expected.nextStages);
        // One class by itself takes another kernel.
        const tolerance = { rtol: 0, atol: resampledValues === 1 || order === 3 ? 1e-6 : 0 };
        expectClose(found.probabilities!.data, expected.probabilities!.data, tolerance);
      }
    }
    for (const network of networks) network.dispose();
  });

  it('take memory that does not grow with the depth of the volume', async () => {
    const device = await open();
    const networks = [networkOn(device, 3)];
    const peaks: number[] = [];
    for (const depth of [24, 96]) {
      const image = { shape: [depth, 24, 8, 1], data: waves(depth * 24 * 8, 2) };
      const before = device.memory().usedBytes;
      let most = 0;
      const stream = streamSlidingWindow(networks, device, image, {
        patch: [8, 8, 8],
        cellBytes: 0,
        onPeak: (bytes) => peaks.push(bytes),
      });
      for await (const _ of stream.cells) most = Math.max(most, device.memory().usedBytes - before);
      peaks.push(most);
      expect(device.memory().usedBytes).toBe(before);
    }
    expect(peaks.slice(2)).toEqual(peaks.slice(0, 2));
    for (const network of networks) network.dispose();
  });
});

const plain = parseLabels({ background: 0, one: 1, two: 2 }, undefined, 'test');
const regions = parseLabels({ background: 0, whole: [1, 2], core: 2, rest: 1 }, [1, 2, 3], 'test');

/** To a finer and a coarser grid, slice by slice, and where splines must see everything. */
const exports: readonly { labels: Labels; spacing: readonly number[]; size: readonly number[]; order: number }[] = [
  { labels: plain, spacing: [0.7, 0.6, 0.5], size: [29, 23, 18], order: 1 },
  { labels: regions, spacing: [1.5, 1.4, 1.5], size: [13, 10, 6], order: 1 },
  { labels: plain, spacing: [5, 0.6, 0.5], size: [4, 23, 18], order: 1 },
  { labels: plain, spacing: [0.7, 0.6, 0.5], size: [29, 23, 18], order: 3 },
  { labels: plain, spacing: [1, 1, 1], size: [20, 14, 9], order: 1 },
];

function exportTo(labels: Labels, spacing: readonly number[], size: readonly number[], order: number, device: Device) {
  const context = {
    plans: { transpose_forward: [0, 1, 2], transpose_backward: [0, 1, 2] },
    configuration: {
      spacing: [1, 1, 1],
      resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
      resampling_fn_probabilities_kwargs: { is_seg: false, order, order_z: 0, force_separate_z: null },
    },
    labels,
    device,
  } as unknown as ExportContext;
  const properties = {
    spacing,
    shape_before_cropping: size.map((extent) => extent + 2),
    bbox_used_for_cropping: size.map((extent) => [1, extent + 1]),
    shape_after_cropping_and_before_resampling: size,
    affine: [],
  };
  return { context, properties };
}
