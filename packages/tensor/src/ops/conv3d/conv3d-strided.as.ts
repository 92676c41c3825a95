/**
 * 3×3×3 convolution with stride 2 in tiles of conv3d-strided-tiles.as.ts, forward, as the data gradient, and its weight gradient: slices of a few
 * tiles are transformed, multiplied and transformed back one after the other while they are in the second-level cache.
 */
import { BACK_WORK_BYTES, squareBack } from './conv3d-back.as';
import { outerProducts } from './conv3d-outer.as';
import { multiplyRows, targetsAt } from './conv3d-product.as';
import {
  STRIDED_WORK_BYTES, stridedGatherRows, stridedGradientRows, stridedInputRows, stridedOutputRows, stridedPixels, stridedSpreadRows,
} from './conv3d-strided-tiles.as';
import { EDGE_BYTES } from './conv3d-winograd-gradient.as';
import { fromVolume, oddLines, scratchOf, TiledPair, tilingOf, toVolume, widthIndex } from './conv3d-winograd-tiles.as';

@unmanaged
class Strided extends TiledPair {
  bias: usize;
  /** 1: the data gradient. */
  transposed: i32;
  /** Results of a tile along width, a multiple of 4; pairs of them for the data gradient. */
  run: i32;
  /** How many there are along width. */
  runWidth: i32;
  /** `[36 points, block of eight target channels, 3 taps along width, source channel, 8]`; for the data gradient the taps are outermost but for the points. */
  weights: usize;
  weightPointBytes: usize;
}

@unmanaged
class StridedGradient extends TiledPair {
  /** `[27, x's channels, dy's channels]`, of each part `partBytes` after the one before. */
  dweight: usize;
  partBytes: usize;
  tilesPerBlock: i32;
  run: i32;
}

/** Which of the 36 points of the weights point `i` of slice `slice` meets: plain points share theirs. */
@inline
function weightPointOf(slice: i32, i: i32): i32 {
  return min(slice, 5) * 6 + min(i, 5);
}

/** Bytes from one row of points to the next, of `pixels` pixels. */
@inline
function rowBytes(pixels: i32, channels: i32): usize {
  return oddLines(<usize>(pixels * channels) << 2);
}

/** Results of a tile in fours. */
@inline
function rowsOf(p: Strided, tile: i32): i32 {
  return (min(p.run, p.runWidth - widthIndex(tilingOf(p), tile) * p.run) + 3) & ~3;
}

/** One item: all of a few tiles. */
export function conv3dStrided(p: Strided, item: i32, thread: i32): void {
  const first = item * p.tilesPerItem;
  const tiles = min(p.tilesPerItem, p.tiles - first);
  const channels = (p.toChannels + 7) & ~7;
  const pixels = p.transposed ? p.run + 1 : stridedPixels(p.run);
  const results = p.transposed ? 2 * p.run : p.run;
  const fromTile = <usize>(pixels * p.fromChannels) << 2;
  const toTile = <usize>(results * channels) << 2;
  const fromBytes = rowBytes(p.tilesPerItem * pixels, p.fromChannels);
  const toBytes = rowBytes(p.tilesPerItem * results, channels);
  const work = scratchOf(p, item, thread);
  const transformed = work + STRIDED_WORK_BYTES;
  const products = transformed + 9 * fromBytes;
  for (let slice = 0; slice < 9; slice++) {
    for (let tile = 0; tile < tiles; tile++) {
      const to = transformed + <usize>tile * fromTile;
      if (p.transposed) stridedSpreadRows(fromVolume(p), tilingOf(p), first + tile, p.run, slice, to, fromBytes, work);
      else stridedInputRows(fromVolume(p), tilingOf(p), first + tile, p.run, slice, to, fromBytes, work);
    }
    for (let i = 0; i < 9; i++) {
      const weights = p.weights + <usize>weightPointOf(slice, i) * p.weightPointBytes;
      for (let channel = 0; channel < channels; ) {
        const targets = targetsAt(channel, channels);
        for (let tile = 0; tile < tiles; tile++) {
          const from = transformed + <usize>i * fromBytes + <usize>tile * fromTile;
          const to = products + <usize>i * toBytes + <usize>tile * toTile + (<usize>channel << 2);
          if (p.transposed) spreadProducts(p, from, weights, channel, to, channels, targets, rowsOf(p, first + tile));
          else {
            const panel = weights + (<usize>(channel * 3 * p.fromChannels) << 2);
            multiplyRows(from, 2 * p.fromChannels, 3 * p.fromChannels, panel, to, channels, targets, rowsOf(p, first + tile), false);
          }
        }
        channel += targets;
      }
    }
    for (let tile = 0; tile < tiles; tile++) {
      const from = products + <usize>tile * toTile;
      if (p.transposed) stridedGatherRows(toVolume(p), tilingOf(p), first + tile, p.run, slice, from, toBytes, channels, p.bias, work);
      else stridedOutputRows(toVolume(p), tilingOf(p), first + tile, p.run, slice, from, toBytes, channels, p.bias, work);
    }
  }
}

/** Even results meet the first and the last tap, odd ones the one in the middle. */
@inline
function spreadProducts(p: Strided, from: usize, weights: usize, channel: i32, to: usize, channels: i32, targets: i32, rows: i32): void {
  const sources = p.fromChannels;
  const pixel = <usize>sources << 2;
  const tapBytes = pixel * <usize>channels;
  const panel = weights + pixel * <usize>channel;
  multiplyRows(from, sources, sources, panel + 2 * tapBytes, to, 2 * channels, targets, rows, false);
  multiplyRows(from + pixel, sources, sources, panel, to, 2 * channels, targets, rows, true);
  multiplyRows(from + pixel, sources, sources, panel + tapBytes, to + (<usize>channels << 2), 2 * channels, targets, rows, false);
}

/**
 * One item: a part of the tiles. Sums of the 36 points have the three taps along width as channels of x. Rows of tiles follow each other with one
 * between them, where dy is zeros.
 */
export function conv3dStridedGradientPart(p: StridedGradient, item: i32, thread: i32): void {
  const start = item * p.tilesPerItem;
  const end = min(start + p.tilesPerItem, p.tiles);
  const pixels = stridedPixels(p.run);
  const xPitch = <usize>p.fromChannels << 2;
  const dyPitch = <usize>p.toChannels << 2;
  const xBytes = rowBytes(p.tilesPerBlock * pixels, p.fromChannels);
  const dyBytes = rowBytes(p.tilesPerBlock * (p.run + 1), p.toChannels);
  const edge = scratchOf(p, item, thread);
  const work = edge + EDGE_BYTES;
  const transformedX = work + STRIDED_WORK_BYTES;
  const transformedDy = transformedX + 9 * xBytes;
  const tapBytes = 3 * <usize>p.fromChannels * dyPitch;
  // One line more than the channels have, for the caches' sake.
  const sumBytes = tapBytes + 64;
  const back = transformedDy + 9 * dyBytes;
  const sums = back + BACK_WORK_BYTES;
  for (let block = start; block < end; block += p.tilesPerBlock) {
    const tiles = min(p.tilesPerBlock, end - block);
    for (let slice = 0; slice < 9; slice++) {
      for (let tile = 0; tile < tiles; tile++) {
        const toX = transformedX + <usize>(tile * pixels) * xPitch;
        stridedInputRows(fromVolume(p), tilingOf(p), block + tile, p.run, slice, toX, xBytes, work);
        const toDy = transformedDy + <usize>(tile * (p.run + 1)) * dyPitch;
        stridedGradientRows(toVolume(p), tilingOf(p), block + tile, p.run, slice, toDy, dyBytes, work);
      }
      for (let i = 0; i < 9; i++) {
        const add = block > start || slice > 5 || i > 5;
        const a = transformedX + <usize>i * xBytes;
        const b = transformedDy + <usize>i * dyBytes;
        const to = sums + <usize>weightPointOf(slice, i) * sumBytes;
        outerProducts(a, 2 * xPitch, b, dyPitch, tiles * (p.run + 1) - 1, to, dyPitch, 3 * p.fromChannels, p.toChannels, add, edge);
      }
    }
  }
  const to = p.dweight + <usize>item * p.partBytes;
  squareBack(true, 1, false, sums, sumBytes, dyPitch, to, dyPitch, tapBytes, 3 * p.fromChannels, p.toChannels, back);
}
