/**
 * Sliding-window prediction (nnunetv2/inference/predict_from_raw_data.py and sliding_window_prediction.py, v2.8.1): the image is covered with
 * overlapping windows, each is predicted once for every mirroring, and logits are averaged with a Gaussian importance. Unlike the official code,
 * which sums in half precision, sums are f32.
 *
 * Windows are cut on the host and their logits added up there, one window behind the device, which so never waits.
 */
import { type Device, type Shape, sizeOf, VoxelgradError } from '@voxelgrad/tensor';
import { type Blend, windowWeights } from '../inference-geometry/importance.ts';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import { outside, type PaddingMode, paddingSources, paddingToPatch } from '../inference-geometry/padding.ts';
import { type WindowSpread, windowOrigins } from '../inference-geometry/windows.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import type { LogitCell, LogitStream } from './logit-cells.ts';
import { classifyCells, type Summand, summandOf } from './summand.ts';
import { windowsTogether } from './window-batches.ts';
import { predictWindows, type WindowPiece } from './window-pieces.ts';
import { WindowSum } from './window-sum.ts';

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
  /** Windows, and mirrored copies of them, that go through the network together; 1 by default. The numbers do not depend on it, but for rounding. */
  readonly batchSize?: number | undefined;
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
  const { shape, cells } = streamSlidingWindow(networks, device, image, {
    ...options,
    cellBytes: Number.POSITIVE_INFINITY,
  });
  let data = new Float32Array(0);
  for await (const { blocks } of cells) data = blocks[0]!.data as Float32Array<ArrayBuffer>;
  return { shape, data };
}

export interface LogitStreamOptions extends SlidingWindowOptions {
  /** Logits are handed on in pieces of about so many bytes; 64 MiB by default. */
  readonly cellBytes?: number;
  /** Bytes of what networks give for a window above which it is worked on and read in pieces; 64 MiB by default. */
  readonly pieceBytes?: number;
  /** Told once all is done: the most bytes that sums took on the host at a time. */
  readonly onPeak?: (bytes: number) => void;
}

/**
 * The same logits as they are finished. In memory are sums that further windows overlap: of a volume [d, h, w] about half a patch's depth of planes, the
 * rows that a row of windows covers, and what a window itself takes. See summand.ts for what is summed.
 */
export function streamSlidingWindow(
  networks: readonly SegmentationNetwork[],
  device: Device,
  image: Volume,
  options: LogitStreamOptions,
): LogitStream {
  const { patch, blend = 'gaussian', cellBytes = 64 * 2 ** 20, pieceBytes = 64 * 2 ** 20 } = options;
  const { classes } = networks[0]!.architecture;
  const summand = summandOf(networks, blend);
  const sums = sumWindows(networks, device, image, { ...options, blend, summand, cellBytes, pieceBytes });
  const space = image.shape.slice(0, 3);
  const means = { device, shape: [...space, summand.values], planar: patch.length === 2, cellBytes, pieceBytes };
  return {
    shape: [...space, classes],
    cells: summand.kind === 'features' ? classifyCells(sums, networks, means) : sums,
  };
}

interface SumOptions extends LogitStreamOptions {
  readonly blend: Blend;
  readonly summand: Summand;
  readonly cellBytes: number;
  readonly pieceBytes: number;
}

/** Means over windows of what is summed, cell by cell. */
async function* sumWindows(
  networks: readonly SegmentationNetwork[],
  device: Device,
  image: Volume,
  options: SumOptions,
): AsyncIterable<LogitCell> {
  const { patch, blend, summand, mirrorAxes = [], batchSize = 1, pieceBytes } = options;
  const [d, h, w, channels] = image.shape as readonly [number, number, number, number];
  checkChannels(networks[0]!, channels);
  const { classes } = networks[0]!.architecture;
  const window = patch.length === 2 ? [1, ...patch] : patch;
  const layout = layOut([d, h, w], window, options);
  const origins = windowOrigins(layout.shape, patch, {
    ...(options.step === undefined ? {} : { step: options.step }),
    ...(options.spread === undefined ? {} : { spread: options.spread }),
  });
  const places = origins.map((origin) => origin.map((first, axis) => first - layout.before[axis]!));
  const sums = new WindowSum({
    shape: [d, h, w],
    values: summand.values,
    origins: places,
    window,
    weights: windowWeights(blend, window),
    blend,
    // Cells are as large as they are once their logits are made.
    cellBytes: (options.cellBytes * summand.values) / classes,
  });
  // Of a window in the plane, what is cut into pieces are its rows.
  const cutAxis = window.length - patch.length;
  const slice = sizeOf(window.slice(cutAxis + 1));
  const thickness = Math.max(1, Math.floor(pieceBytes / (4 * summand.values * slice)));
  /** Adds windows from the `first` on; gives what is finished with each. */
  const add = async function* (first: number, pieces: Iterable<WindowPiece>): AsyncIterable<LogitCell> {
    for (const piece of pieces) {
      const values = await piece.values;
      const extents = window.with(cutAxis, piece.length);
      const size = sizeOf(extents) * summand.values;
      for (let i = 0; (i + 1) * size <= values.length; i++) {
        const place = places[first + i]!;
        const one = values.subarray(i * size, (i + 1) * size);
        sums.add(place.with(cutAxis, place[cutAxis]! + piece.first), extents, one, piece.first * slice);
        if (!piece.last) continue;
        const next = places[first + i + 1];
        if (next?.[0] !== place[0] || next?.[1] !== place[1]) yield* sums.finish(place);
      }
    }
  };
  const mirrorings = mirrorCombinations(mirrorAxes);
  // Windows that are worked on in pieces are large enough by themselves.
  const inPieces = thickness < window[cutAxis]!;
  const together = inPieces ? 1 : windowsTogether(batchSize, mirrorings.length);
  const values = sizeOf(window) * channels;
  let pending: { readonly first: number; readonly pieces: Iterable<WindowPiece> } | undefined;
  for (let first = 0; first < origins.length; first += together) {
    options.signal?.throwIfAborted();
    const some = origins.slice(first, first + together);
    const input = new Float32Array(some.length * values);
    for (const [i, origin] of some.entries()) input.set(cutWindow(image, layout.sources, origin, window), i * values);
    const pieces = predictWindows(networks, input, [some.length, ...patch, channels], {
      device,
      mirrorings,
      batchSize,
      thickness,
      summand,
    });
    // While the device works on these windows, add up those before – unless they are so large that two at a time would be too much.
    const begun = inPieces ? pieces : [...pieces];
    if (pending !== undefined) yield* add(pending.first, pending.pieces);
    pending = undefined;
    if (inPieces) yield* add(first, begun);
    else pending = { first, pieces: begun };
    options.onWindow?.(first, origins.length);
  }
  if (pending !== undefined) yield* add(pending.first, pending.pieces);
  options.onWindow?.(origins.length, origins.length);
  options.onPeak?.(sums.peakBytes);
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
