/**
 * Sliding-window prediction (nnunetv2/inference/predict_from_raw_data.py and sliding_window_prediction.py, v2.8.1): the image is covered with
 * overlapping windows, each is predicted once for every mirroring, and logits are averaged with a Gaussian importance. Unlike the official code,
 * which sums in half precision, sums are f32.
 *
 * Windows are cut on the host and their logits added up there, one window behind the device, which so never waits.
 */
import {
  add,
  type Device,
  flip,
  fromArray,
  noGrad,
  type Shape,
  scale,
  type Tensor,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { type Blend, windowWeights } from '../inference-geometry/importance.ts';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import { outside, type PaddingMode, paddingSources, paddingToPatch } from '../inference-geometry/padding.ts';
import { type WindowSpread, windowOrigins } from '../inference-geometry/windows.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';

export interface SlidingWindowOptions {
  /** Extents of a window, as in training. Two for 2-D networks, which see one slice at a time. */
  readonly patch: readonly number[];
  /** Step between windows as a share of the patch; 0.5 by default. */
  readonly step?: number;
  readonly spread?: WindowSpread;
  /** How overlapping windows are combined: by Gaussian importance (default), evenly, or by the largest logit. */
  readonly blend?: Blend;
  /** What lies outside of the image: zeros (default), or its mirror image, as in the overlap-tile strategy. */
  readonly border?: PaddingMode;
  /** Voxels added on every side before windows are laid out; 0 by default. With 'mirror', windows then never end at the image's edge. */
  readonly borderWidth?: readonly number[];
  /** Spatial axes (0 = depth) to mirror for test-time augmentation; none by default. */
  readonly mirrorAxes?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Called after each window with the number done and in all. */
  readonly onWindow?: ((done: number, windows: number) => void) | undefined;
}

export interface Volume {
  /** `[d, h, w, c]`. */
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Logits `[d, h, w, classes]` of one or several networks (averaged, as nnU-Net averages folds) for an image `[d, h, w, c]`. */
export async function predictSlidingWindow(
  networks: readonly SegmentationNetwork[],
  device: Device,
  image: Volume,
  options: SlidingWindowOptions,
): Promise<Volume> {
  const { patch, blend = 'gaussian', mirrorAxes = [] } = options;
  const [d, h, w, channels] = image.shape as readonly [number, number, number, number];
  const classes = networks[0]!.architecture.classes;
  checkChannels(networks[0]!, channels);
  const planar = patch.length === 2;
  const layout = layOut([d, h, w], planar ? [1, ...patch] : patch, options);
  const origins = windowOrigins(layout.shape, planar ? [1, ...patch] : patch, {
    ...(options.step === undefined ? {} : { step: options.step }),
    ...(options.spread === undefined ? {} : { spread: options.spread }),
  });
  const window = planar ? [1, ...patch] : patch;
  const weights = windowWeights(blend, window);
  const sums = new WindowSum([d, h, w], classes, window, layout.before, weights, blend);
  let pending: { readonly origin: readonly number[]; readonly logits: Promise<ArrayLike<number>> } | undefined;
  for (const [i, origin] of origins.entries()) {
    options.signal?.throwIfAborted();
    const logits = predictWindow(
      networks,
      device,
      cutWindow(image, layout.sources, origin, window),
      [...patch, channels],
      mirrorAxes,
    );
    // While the device works on this window, add up the one before.
    if (pending !== undefined) sums.add(pending.origin, await pending.logits);
    pending = { origin, logits };
    options.onWindow?.(i, origins.length);
  }
  if (pending !== undefined) sums.add(pending.origin, await pending.logits);
  options.onWindow?.(origins.length, origins.length);
  return { shape: [d, h, w, classes], data: sums.finish() };
}

function checkChannels(network: SegmentationNetwork, channels: number): void {
  const { inputChannels } = network.architecture;
  if (inputChannels !== channels)
    throw new VoxelgradError('shape', {
      what: 'prediction',
      expected: `an image with ${inputChannels} channels`,
      got: String(channels),
      help: 'give the modalities that the network was trained with',
    });
}

interface Layout {
  readonly shape: readonly number[];
  readonly before: readonly number[];
  /** For each axis: which voxel of the image stands at each place of the padded one. */
  readonly sources: readonly Int32Array[];
}

function layOut(
  image: readonly number[],
  patch: readonly number[],
  { border = 'constant', borderWidth }: SlidingWindowOptions,
): Layout {
  const padding = paddingToPatch(image, patch, borderWidth);
  const sources = image.map((extent, axis) =>
    paddingSources(extent, padding.before[axis]!, padding.after[axis]!, border),
  );
  return { shape: padding.shape, before: padding.before, sources };
}

/** The averaged logits of one window, as host values. Work is enqueued before this returns. */
function predictWindow(
  networks: readonly SegmentationNetwork[],
  device: Device,
  values: Float32Array,
  shape: Shape,
  mirrorAxes: readonly number[],
): Promise<ArrayLike<number>> {
  const mirrorings = mirrorCombinations(mirrorAxes);
  const mean = noGrad(() =>
    tidy(() => {
      const x = fromArray(values, [1, ...shape], { device });
      let total: Tensor | undefined;
      for (const network of networks)
        for (const axes of mirrorings) {
          const previous = total;
          total = tidy(() => {
            const flipped = axes.map((axis) => axis + 1);
            const logits = axes.length === 0 ? network.predict(x) : flip(network.predict(flip(x, flipped)), flipped);
            return previous === undefined ? logits : add(previous, logits);
          });
          previous?.dispose();
        }
      return scale(total!, 1 / (networks.length * mirrorings.length));
    }),
  );
  const data = mean.data();
  mean.dispose();
  return data;
}

/** The voxels of one window `[…window, c]`; zeros where the layout says there is no voxel. */
function cutWindow(
  image: Volume,
  sources: readonly Int32Array[],
  origin: readonly number[],
  window: readonly number[],
): Float32Array {
  const [, h, w, c] = image.shape as readonly [number, number, number, number];
  const [depth, height, width] = window as readonly [number, number, number];
  const values = new Float32Array(depth * height * width * c);
  let at = 0;
  for (let z = 0; z < depth; z++) {
    const fromZ = sources[0]![origin[0]! + z]!;
    for (let y = 0; y < height; y++) {
      const fromY = sources[1]![origin[1]! + y]!;
      for (let x = 0; x < width; x++, at += c) {
        const fromX = sources[2]![origin[2]! + x]!;
        if (fromZ === outside || fromY === outside || fromX === outside) continue;
        const from = ((fromZ * h + fromY) * w + fromX) * c;
        for (let channel = 0; channel < c; channel++) values[at + channel] = image.data[from + channel]!;
      }
    }
  }
  return values;
}

/** Adds windows up and divides by the weights, dropping what lies in the padding. */
class WindowSum {
  readonly #shape: readonly number[];
  readonly #classes: number;
  readonly #window: readonly number[];
  readonly #before: readonly number[];
  readonly #weights: Float32Array;
  readonly #blend: Blend;
  readonly #sums: Float32Array;
  readonly #total: Float32Array;

  constructor(
    shape: readonly number[],
    classes: number,
    window: readonly number[],
    before: readonly number[],
    weights: Float32Array,
    blend: Blend,
  ) {
    const voxels = shape.reduce((product, extent) => product * extent, 1);
    this.#shape = shape;
    this.#classes = classes;
    this.#window = window;
    this.#before = before;
    this.#weights = weights;
    this.#blend = blend;
    this.#sums = new Float32Array(voxels * classes).fill(blend === 'max' ? Number.NEGATIVE_INFINITY : 0);
    this.#total = new Float32Array(blend === 'max' ? 0 : voxels);
  }

  add(origin: readonly number[], logits: ArrayLike<number>): void {
    const [d, h, w] = this.#shape as readonly [number, number, number];
    const [depth, height, width] = this.#window as readonly [number, number, number];
    const start = origin.map((first, axis) => first - this.#before[axis]!);
    for (let z = Math.max(0, -start[0]!); z < depth && start[0]! + z < d; z++)
      for (let y = Math.max(0, -start[1]!); y < height && start[1]! + y < h; y++) {
        const first = Math.max(0, -start[2]!);
        const last = Math.min(width, w - start[2]!);
        const from = (z * height + y) * width + first;
        const to = ((start[0]! + z) * h + start[1]! + y) * w + start[2]! + first;
        this.#addRow(logits, from, to, last - first);
      }
  }

  #addRow(logits: ArrayLike<number>, from: number, to: number, count: number): void {
    const classes = this.#classes;
    const sums = this.#sums;
    for (let i = 0; i < count; i++) {
      const read = (from + i) * classes;
      const write = (to + i) * classes;
      if (this.#blend === 'max') {
        for (let c = 0; c < classes; c++) sums[write + c] = Math.max(sums[write + c]!, logits[read + c]!);
        continue;
      }
      const weight = this.#weights[from + i]!;
      this.#total[to + i]! += weight;
      for (let c = 0; c < classes; c++) sums[write + c]! += weight * logits[read + c]!;
    }
  }

  finish(): Float32Array {
    if (this.#blend !== 'max')
      for (let voxel = 0, at = 0; voxel < this.#total.length; voxel++)
        for (let c = 0; c < this.#classes; c++) this.#sums[at++]! /= this.#total[voxel]!;
    return this.#sums;
  }
}
