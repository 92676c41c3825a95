/**
 * Sliding-window prediction (nnunetv2/inference/predict_from_raw_data.py and sliding_window_prediction.py, v2.8.1): the image is covered with
 * overlapping windows, each is predicted once for every mirroring, and logits are averaged with a Gaussian importance. Unlike the official code,
 * which sums in half precision, sums are f32.
 *
 * Windows are cut on the host and their logits added up there, one window behind the device, which so never waits.
 */
import {
  add as addTensors,
  type Device,
  fromArray,
  keep,
  narrow,
  noGrad,
  type Shape,
  scale,
  sizeOf,
  type Tensor,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { type Blend, windowWeights } from '../inference-geometry/importance.ts';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import { outside, type PaddingMode, paddingSources, paddingToPatch } from '../inference-geometry/padding.ts';
import { type WindowSpread, windowOrigins } from '../inference-geometry/windows.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import type { LogitCell, LogitStream } from './logit-cells.ts';
import { mirror, predictMirrored, windowsTogether } from './window-batches.ts';
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

/**
 * The same logits as they are finished. In memory are those that further windows overlap: of a volume [d, h, w] about half a patch's depth of planes, the
 * rows that a row of windows covers, and what a window itself takes.
 */
export function streamSlidingWindow(
  networks: readonly SegmentationNetwork[],
  device: Device,
  image: Volume,
  options: SlidingWindowOptions & {
    /** Logits are handed on in pieces of at least so many bytes; 256 MiB by default. */
    readonly cellBytes?: number;
    /** Told once all is done: the most bytes that logits took on the host at a time. */
    readonly onPeak?: (bytes: number) => void;
  },
): LogitStream {
  const classes = networks[0]!.architecture.classes;
  return { shape: [...image.shape.slice(0, 3), classes], cells: predictCells(networks, device, image, options) };
}

/** Bytes of a window's logits above which they are worked on and read in pieces. */
const windowPieceBytes = 64 * 2 ** 20;

async function* predictCells(
  networks: readonly SegmentationNetwork[],
  device: Device,
  image: Volume,
  options: Parameters<typeof streamSlidingWindow>[3],
): AsyncIterable<LogitCell> {
  const { patch, blend = 'gaussian', mirrorAxes = [], batchSize = 1, cellBytes = 256 * 2 ** 20 } = options;
  const [d, h, w, channels] = image.shape as readonly [number, number, number, number];
  checkChannels(networks[0]!, channels);
  const classes = networks[0]!.architecture.classes;
  const window = patch.length === 2 ? [1, ...patch] : patch;
  const layout = layOut([d, h, w], window, options);
  const origins = windowOrigins(layout.shape, patch, {
    ...(options.step === undefined ? {} : { step: options.step }),
    ...(options.spread === undefined ? {} : { spread: options.spread }),
  });
  const places = origins.map((origin) => origin.map((first, axis) => first - layout.before[axis]!));
  const weights = windowWeights(blend, window);
  const sums = new WindowSum({ shape: [d, h, w], classes, origins: places, window, weights, blend, cellBytes });
  // Of a window in the plane, what is cut into pieces are its rows.
  const cutAxis = window.length - patch.length;
  const slice = sizeOf(window.slice(cutAxis + 1));
  const thickness = Math.max(1, Math.floor(windowPieceBytes / (4 * classes * slice)));
  /** Adds windows from the `first` on; gives what is finished with each. */
  const add = async function* (first: number, pieces: readonly WindowPiece[]): AsyncIterable<LogitCell> {
    for (const piece of pieces) {
      const logits = await piece.logits();
      const extents = window.with(cutAxis, piece.length);
      const size = sizeOf(extents) * classes;
      for (let i = 0; (i + 1) * size <= logits.length; i++) {
        const place = places[first + i]!;
        const one = logits.subarray(i * size, (i + 1) * size);
        sums.add(place.with(cutAxis, place[cutAxis]! + piece.first), extents, one, piece.first * slice);
        if (piece !== pieces.at(-1)) continue;
        const next = places[first + i + 1];
        if (next?.[0] !== place[0] || next?.[1] !== place[1]) yield* sums.finish(place);
      }
    }
  };
  const mirrorings = mirrorCombinations(mirrorAxes);
  // Windows that are worked on in pieces are large enough by themselves.
  const together = thickness < window[cutAxis]! ? 1 : windowsTogether(batchSize, mirrorings.length);
  const values = sizeOf(window) * channels;
  let pending: { readonly first: number; readonly pieces: readonly WindowPiece[] } | undefined;
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
    });
    // While the device works on these windows, add up those before – unless they are so large that two at a time would be too much.
    if (pending !== undefined) yield* add(pending.first, pending.pieces);
    pending = undefined;
    if (pieces.length === 1) pending = { first, pieces };
    else yield* add(first, pieces);
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

/** Slices of the logits of some windows, `[windows, length, …]`. */
interface WindowPiece {
  readonly first: number;
  readonly length: number;
  /** Reads them, and frees them on the device. */
  logits(): Promise<Float32Array>;
}

interface WindowWork {
  readonly device: Device;
  /** Axes of each mirroring. */
  readonly mirrorings: readonly (readonly number[])[];
  readonly batchSize: number;
  /** Slices of a piece along the windows' first axis. */
  readonly thickness: number;
}

/** The averaged logits of windows `[windows, …space, c]`, in pieces. Work is enqueued before this returns. */
function predictWindows(
  networks: readonly SegmentationNetwork[],
  values: Float32Array,
  shape: Shape,
  { device, mirrorings, batchSize, thickness }: WindowWork,
): readonly WindowPiece[] {
  const extent = shape[1]!;
  const firsts = Array.from({ length: Math.ceil(extent / thickness) }, (_, i) => i * thickness);
  const length = (first: number): number => Math.min(thickness, extent - first);
  // Sums are kept in pieces, so that never more than two whole windows' logits are on the device.
  const sums: (Tensor | undefined)[] = firsts.map(() => undefined);
  const addUp = (logits: Tensor, axes: readonly number[]): void => {
    for (const [i, first] of firsts.entries()) {
      const from = axes.includes(0) ? extent - first - length(first) : first;
      const previous = sums[i];
      sums[i] = keep(
        tidy(() => {
          const piece = firsts.length === 1 ? logits : narrow(logits, 1, from, length(first));
          const turned = mirror(piece, axes);
          return previous === undefined ? turned : addTensors(previous, turned);
        }),
      );
      previous?.dispose();
    }
  };
  noGrad(() =>
    tidy(() => {
      const x = fromArray(values, shape, { device });
      for (const network of networks) predictMirrored(network, x, mirrorings, batchSize, addUp);
    }),
  );
  const share = 1 / (networks.length * mirrorings.length);
  const read = (sum: Tensor): Promise<Float32Array> => {
    const mean = noGrad(() => scale(sum, share));
    const data = mean.data() as Promise<Float32Array>;
    for (const tensor of [sum, mean]) tensor.dispose();
    return data;
  };
  if (firsts.length === 1) {
    const data = read(sums[0]!);
    // Whoever awaits the windows is told of a failure, if anybody still does.
    data.catch(() => undefined);
    return [{ first: 0, length: extent, logits: () => data }];
  }
  return firsts.map((first, i) => ({ first, length: length(first), logits: () => read(sums[i]!) }));
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
