/**
 * With more classes than features, features are added up and logits made of their means: the numbers are those of logits added up one by one, in double precision on the host;
 * and neither the device nor the host ever holds a window's logits, or a volume's sums of them.
 */
import { type Device, fromArray, noGrad } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { windowWeights } from '../inference-geometry/importance.ts';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import { windowOrigins } from '../inference-geometry/windows.ts';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { predictSlidingWindow, type SlidingWindowOptions, streamSlidingWindow, type Volume } from './sliding-window.ts';
import { summandOf } from './summand.ts';

const product = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);
const waves = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i) + Math.cos(0.37 * i * i));

const networksOn = (device: Device, count: number, classes: number, dimension = 3) =>
  Array.from({ length: count }, (_, seed) => {
    const kernels = [0, 1].map(() => Array.from({ length: dimension }, () => 3));
    const network = new PlainConvUNet({ inputChannels: 1, classes, features: [4, 4], kernels, device, seed });
    // A bias that counts twice, or not at all, should be seen.
    network.decoder.seg_layers.at(-1)!.bias!.write(waves(classes));
    return network;
  });

/** Mean logits of an image that windows cover exactly: every window in every mirroring through every network. */
async function expectedLogits(
  networks: readonly PlainConvUNet[],
  device: Device,
  { shape, data }: Volume,
  { patch, mirrorAxes = [], blend }: SlidingWindowOptions,
): Promise<Float64Array> {
  const { classes } = networks[0]!.architecture;
  const window = patch.length === 2 ? [1, ...patch] : patch;
  const axisOffset = window.length - patch.length;
  const [, h, w] = shape as readonly [number, number, number];
  const weights = windowWeights(blend ?? 'gaussian', window);
  const sums = new Float64Array(product(shape) * classes).fill(blend === 'max' ? Number.NEGATIVE_INFINITY : 0);
  const total = new Float64Array(product(shape));
  for (const origin of windowOrigins(shape.slice(0, 3), patch)) {
    const mean = new Float64Array(product(window) * classes);
    for (const network of networks)
      for (const axes of mirrorCombinations(mirrorAxes)) {
        const flipped = axes.map((axis) => axis + axisOffset);
        const place = (i: number): number[] => {
          const at = [
            Math.floor(i / (window[1]! * window[2]!)),
            Math.floor(i / window[2]!) % window[1]!,
            i % window[2]!,
          ];
          return at.map((p, axis) => (flipped.includes(axis) ? window[axis]! - 1 - p : p));
        };
        const voxelOf = (i: number): number => {
          const [z, y, x] = place(i).map((p, axis) => p + origin[axis]!) as [number, number, number];
          return (z * h + y) * w + x;
        };
        const input = Float32Array.from({ length: product(window) }, (_, i) => data[voxelOf(i)]!);
        const logits = noGrad(() => network.predict(fromArray(input, [1, ...patch, 1], { device })));
        const values = await logits.data();
        for (let i = 0; i < input.length; i++) {
          const [z, y, x] = place(i) as [number, number, number];
          const to = (z * window[1]! + y) * window[2]! + x;
          for (let c = 0; c < classes; c++)
            mean[to * classes + c]! += values[i * classes + c]! / (networks.length * 2 ** mirrorAxes.length);
        }
      }
    for (let i = 0; i < product(window); i++) {
      const at = [Math.floor(i / (window[1]! * window[2]!)), Math.floor(i / window[2]!) % window[1]!, i % window[2]!];
      const [z, y, x] = at.map((p, axis) => p + origin[axis]!) as [number, number, number];
      const voxel = (z * h + y) * w + x;
      total[voxel]! += weights[i]!;
      for (let c = 0; c < classes; c++) {
        const [to, value] = [voxel * classes + c, mean[i * classes + c]!];
        if (blend === 'max') sums[to] = Math.max(sums[to]!, value);
        else sums[to]! += weights[i]! * value;
      }
    }
  }
  return blend === 'max' ? sums : sums.map((value, i) => value / total[Math.floor(i / classes)]!);
}

describeOnEach('many classes on $name', ({ open }) => {
  const patch = [8, 4, 4];
  it.each<{ name: string; networks: number; kind: string; options: SlidingWindowOptions }>([
    { name: 'one network', networks: 1, kind: 'features', options: { patch } },
    { name: 'mirrored', networks: 1, kind: 'features', options: { patch, mirrorAxes: [0, 2] } },
    { name: 'two networks', networks: 2, kind: 'features', options: { patch, mirrorAxes: [1] } },
    { name: 'three', networks: 3, kind: 'logits of each', options: { patch, mirrorAxes: [1] } },
    { name: 'three, several at a time', networks: 3, kind: 'logits of each', options: { patch, batchSize: 2 } },
    { name: 'in the plane', networks: 2, kind: 'features', options: { patch: [4, 8], mirrorAxes: [0] } },
    { name: 'three in the plane', networks: 3, kind: 'logits of each', options: { patch: [4, 8], mirrorAxes: [1] } },
    { name: 'the largest', networks: 1, kind: 'logits', options: { patch, blend: 'max' } },
  ])('have the mean logits: $name', async ({ networks: count, kind, options }) => {
    const device = await open();
    const networks = networksOn(device, count, 9, options.patch.length);
    expect(summandOf(networks, options.blend ?? 'gaussian').kind).toBe(kind);
    const shape = options.patch.length === 2 ? [2, 6, 8, 1] : [11, 6, 4, 1];
    const [depth, height, width] = shape as [number, number, number];
    const row = width * 9;
    const image = { shape, data: waves(product(shape)) };
    const expected = await expectedLogits(networks, device, image, options);
    const before = device.memory().usedBytes;
    const whole = await predictSlidingWindow(networks, device, image, options);
    expect(whole.shape).toEqual([depth, height, width, 9]);
    expectClose(whole.data, expected, { rtol: 1e-5, atol: 1e-5 });
    // In pieces of a slice or two, and cells of a few rows.
    for (const cellBytes of [0, 20 * 4 * row]) {
      const found = new Float32Array(whole.data.length);
      const { cells } = streamSlidingWindow(networks, device, image, { ...options, cellBytes, pieceBytes: 1500 });
      let reached = [0, 0] as readonly [number, number];
      for await (const { planes, rows, blocks } of cells) {
        expect([planes[0], rows[0]]).toEqual(reached);
        reached = rows[1] === height ? [planes[1], 0] : [planes[0], rows[1]];
        for (const { planes, rows, data } of blocks)
          for (let z = planes[0], from = 0; z < planes[1]; z++, from += (rows[1] - rows[0]) * row)
            found.set(data.subarray(from, from + (rows[1] - rows[0]) * row), (z * height + rows[0]) * row);
      }
      expect(reached).toEqual([depth, 0]);
      expectClose(found, whole.data, { rtol: 0, atol: device.kind === 'cpu' && count < 3 ? 0 : 1e-5 });
    }
    expect(device.memory().usedBytes).toBe(before);
    for (const network of networks) network.dispose();
  });

  // All features side by side are fewer than the classes, or more. What the device has held at most only grows: the case with fewer weights comes first.
  it.each([
    { count: 1, classes: 256 },
    { count: 12, classes: 40 },
  ])('take little memory: $count networks, $classes classes', async ({ count, classes }) => {
    const device = await open();
    const networks = networksOn(device, count, classes);
    const extents = [12, 8, 8, 1];
    const image = { shape: extents, data: waves(product(extents)) };
    const window = [8, 8, 8];
    const windowLogits = 4 * product(window) * classes;
    const before = device.memory().usedBytes;
    let sums = 0;
    const { cells } = streamSlidingWindow(networks, device, image, {
      patch: window,
      mirrorAxes: [0],
      cellBytes: 0,
      pieceBytes: windowLogits / 16,
      onPeak: (bytes) => (sums = bytes),
    });
    let largest = 0;
    for await (const { blocks } of cells)
      largest = Math.max(
        largest,
        blocks.reduce((total, { data }) => total + data.byteLength, 0),
      );
    // What a network takes is some ten times its finest features; two pieces are less than a quarter of a window's logits.
    const network = 12 * 4 * product(window) * 4;
    expect(device.memory().peakBytes - before).toBeLessThan(network + windowLogits / 4);
    expect(device.memory().usedBytes).toBe(before);
    const values = Math.min(4 * count, classes) + 1;
    expect(sums).toBe(4 * values * product(window));
    // Means of features are made logits a row at a time.
    expect(largest).toBe(4 * classes * (count === 1 ? 8 * 8 : product(window)));
    for (const network of networks) network.dispose();
  });
});
