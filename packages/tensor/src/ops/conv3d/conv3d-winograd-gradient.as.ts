/**
 * The weight gradient by Winograd's method: the transposed algorithm, dw = Gᵀ [Σ over tiles (Bᵀ x) ⊗ (A dy)] G. The sum over tiles is one matrix
 * product for each point. With few channels, tiles are split into parts that transform and sum block by block, and transform their sums back; with
 * many, they are transformed run by run, and each item sums a square of channels over all tiles of the run and transforms it back.
 */
import { BACK_WORK_BYTES, squareBack } from './conv3d-back.as';
import { outerProducts } from './conv3d-outer.as';
import {
  fromVolume, gradientTile, inputTile, pointBytes, scratchOf, slicesOf, TILE_WORK_BYTES, TiledPair, tilingOf, toVolume,
} from './conv3d-winograd-tiles.as';

@unmanaged
class WinogradGradient extends TiledPair {
  /** `[27 or 9, x's channels, dy's channels]`, of each part `partBytes` after the one before. */
  dweight: usize;
  partBytes: usize;
  /** 1: adds to what is there. */
  add: i32;
  tilesPerBlock: i32;
  /** Transformed x and dy of the command's tiles, or 0. */
  transformedX: usize;
  transformedDy: usize;
  /** Channels that an item of the transforms takes. */
  channelsPerItem: i32;
  /** Channels of x and of dy that a square has. */
  squareX: i32;
  squareDy: i32;
}

/** Scratch of `outerProducts`. */
export const EDGE_BYTES: usize = 128;

/** One item: a part of the tiles. */
export function conv3dWinogradGradientPart(p: WinogradGradient, item: i32, thread: i32): void {
  const start = item * p.tilesPerItem;
  const end = min(start + p.tilesPerItem, p.tiles);
  const points = <usize>slicesOf(p) * 36;
  const xBytes = pointBytes(p.tilesPerBlock, p.fromChannels);
  const dyBytes = pointBytes(p.tilesPerBlock, p.toChannels);
  const edge = scratchOf(p, item, thread);
  const work = edge + EDGE_BYTES;
  const transformedX = work + TILE_WORK_BYTES;
  const transformedDy = transformedX + points * xBytes;
  const xPitch = <usize>p.fromChannels << 2;
  const dyPitch = <usize>p.toChannels << 2;
  const tapBytes = <usize>p.fromChannels * dyPitch;
  // One line more than the channels have, for the caches' sake.
  const sumBytes = tapBytes + 64;
  const back = transformedDy + points * dyBytes;
  const sums = back + BACK_WORK_BYTES;
  for (let block = start; block < end; block += p.tilesPerBlock) {
    const tiles = min(p.tilesPerBlock, end - block);
    for (let tile = 0; tile < tiles; tile++) {
      inputTile(fromVolume(p), tilingOf(p), block + tile, 0, p.fromChannels, transformedX + <usize>tile * xPitch, xBytes, work);
      gradientTile(toVolume(p), tilingOf(p), block + tile, 0, p.toChannels, transformedDy + <usize>tile * dyPitch, dyBytes, work);
    }
    for (let point: usize = 0; point < points; point++) {
      const a = transformedX + point * xBytes;
      const b = transformedDy + point * dyBytes;
      const to = sums + point * sumBytes;
      outerProducts(a, xPitch, b, dyPitch, tiles, to, dyPitch, p.fromChannels, p.toChannels, block > start, edge);
    }
  }
  const to = p.dweight + <usize>item * p.partBytes;
  squareBack(false, slicesOf(p), false, sums, sumBytes, dyPitch, to, dyPitch, tapBytes, p.fromChannels, p.toChannels, back);
}

/** One item: some channels of x and dy of a run of tiles. */
export function conv3dWinogradGradientInput(p: WinogradGradient, item: i32, thread: i32): void {
  const runs = (max(p.fromChannels, p.toChannels) + p.channelsPerItem - 1) / p.channelsPerItem;
  const first = (item / runs) * p.tilesPerItem;
  const end = min(first + p.tilesPerItem, p.tiles);
  const channel = (item % runs) * p.channelsPerItem;
  const lastX = min(channel + p.channelsPerItem, p.fromChannels);
  const lastDy = min(channel + p.channelsPerItem, p.toChannels);
  const xBytes = pointBytes(p.tiles, p.fromChannels);
  const dyBytes = pointBytes(p.tiles, p.toChannels);
  const work = scratchOf(p, item, thread);
  for (let tile = first; tile < end; tile++) {
    const toX = p.transformedX + (<usize>(tile * p.fromChannels) << 2);
    const toDy = p.transformedDy + (<usize>(tile * p.toChannels) << 2);
    inputTile(fromVolume(p), tilingOf(p), p.firstTile + tile, channel, lastX, toX, xBytes, work);
    gradientTile(toVolume(p), tilingOf(p), p.firstTile + tile, channel, lastDy, toDy, dyBytes, work);
  }
}

/** One item: the gradient of a square of channels, from all tiles of the command. */
export function conv3dWinogradGradientSquare(p: WinogradGradient, item: i32, thread: i32): void {
  const columns = (p.toChannels + p.squareDy - 1) / p.squareDy;
  const firstX = (item / columns) * p.squareX;
  const firstDy = (item % columns) * p.squareDy;
  const rows = min(p.squareX, p.fromChannels - firstX);
  const width = min(p.squareDy, p.toChannels - firstDy);
  const points = <usize>slicesOf(p) * 36;
  const xBytes = pointBytes(p.tiles, p.fromChannels);
  const dyBytes = pointBytes(p.tiles, p.toChannels);
  const xPitch = <usize>p.fromChannels << 2;
  const dyPitch = <usize>p.toChannels << 2;
  const edge = scratchOf(p, item, thread);
  const sums = edge + EDGE_BYTES;
  // One line more than the square has, as above.
  const squarePitch = <usize>p.squareDy << 2;
  const sumBytes = <usize>p.squareX * squarePitch + 64;
  const a = p.transformedX + (<usize>firstX << 2);
  const b = p.transformedDy + (<usize>firstDy << 2);
  for (let point: usize = 0; point < points; point++) {
    const to = sums + point * sumBytes;
    outerProducts(a + point * xBytes, xPitch, b + point * dyBytes, dyPitch, p.tiles, to, squarePitch, rows, width, false, edge);
  }
  const to = p.dweight + <usize>firstX * dyPitch + (<usize>firstDy << 2);
  const back = sums + points * sumBytes;
  squareBack(false, slicesOf(p), p.add != 0, sums, sumBytes, squarePitch, to, dyPitch, <usize>p.fromChannels * dyPitch, rows, width, back);
}
