/**
 * The weight gradient by Winograd's method: the transposed algorithm, dw = Gᵀ [Σ over tiles (Bᵀ x) ⊗ (A dy)] G. The sum over tiles is one matrix
 * product for each point. With few channels, tiles are split into parts that transform and sum block by block; with many, they are transformed
 * run by run, and each item sums a square of channels over all tiles of the run and transforms it back at once.
 */
import { outerProducts } from './conv3d-outer.as';
import { stridedWeightGradientLine } from './conv3d-strided-lines.as';
import { weightGradientLine } from './conv3d-winograd-lines.as';
import {
  fromVolume, gradientTile, inputTile, pointBytes, scratchOf, slicesOf, TILE_WORK_BYTES, TiledPair, tilingOf, toVolume,
} from './conv3d-winograd-tiles.as';

@unmanaged
export class WinogradGradient extends TiledPair {
  /** `[27 or 9, x's channels, dy's channels]`. */
  dweight: usize;
  /** 1: adds to what is there. */
  add: i32;
  /** `[part, point, x's channels, dy's channels]`, or 0. */
  sums: usize;
  tilesPerBlock: i32;
  /** How many parts there are. */
  parts: i32;
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
  const edge = scratchOf(p, thread);
  const work = edge + EDGE_BYTES;
  const transformedX = work + TILE_WORK_BYTES;
  const transformedDy = transformedX + points * xBytes;
  const xPitch = <usize>p.fromChannels << 2;
  const dyPitch = <usize>p.toChannels << 2;
  const sumBytes = <usize>p.fromChannels * dyPitch;
  const sums = p.sums + <usize>item * points * sumBytes;
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
}

/** One item: four channels of x. Adds the parts in order and transforms them back, a cache line of sums at a time. */
export function conv3dWinogradGradientSum(p: WinogradGradient, item: i32, thread: i32): void {
  const points = <usize>slicesOf(p) * 36;
  const rowBytes = <usize>p.toChannels << 2;
  const sumBytes = <usize>p.fromChannels * rowBytes;
  const work = scratchOf(p, thread);
  const end = <usize>(item + 1) * 4 * rowBytes;
  for (let at = <usize>item * 4 * rowBytes; at < end; at += 64) {
    const bytes = min<usize>(64, end - at);
    for (let part = 0; part < p.parts; part++) {
      let from = p.sums + <usize>part * points * sumBytes + at;
      for (let to = work; to < work + (points << 6); to += 64) {
        for (let quad: usize = 0; quad < bytes; quad += 16) {
          const value = v128.load(from + quad);
          v128.store(to + quad, part == 0 ? value : f32x4.add(v128.load(to + quad), value));
        }
        from += sumBytes;
      }
    }
    for (let quad: usize = 0; quad < bytes; quad += 16)
      transformBack(p, work + quad, 64, p.dweight + at + quad, sumBytes, work + (points << 6));
  }
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
  const work = scratchOf(p, thread);
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
  const edge = scratchOf(p, thread);
  const sums = edge + EDGE_BYTES;
  // One line more than the square has, for the caches' sake.
  const squarePitch = <usize>p.squareDy << 2;
  const sumBytes = <usize>p.squareX * squarePitch + 64;
  const a = p.transformedX + (<usize>firstX << 2);
  const b = p.transformedDy + (<usize>firstDy << 2);
  for (let point: usize = 0; point < points; point++) {
    const to = sums + point * sumBytes;
    outerProducts(a + point * xBytes, xPitch, b + point * dyBytes, dyPitch, p.tiles, to, squarePitch, rows, width, false, edge);
  }
  const work = sums + points * sumBytes;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column += 4) {
      const out = p.dweight + <usize>(firstX + row) * dyPitch + (<usize>(firstDy + column) << 2);
      const from = sums + <usize>row * squarePitch + (<usize>column << 2);
      transformBack(p, from, sumBytes, out, <usize>p.fromChannels * dyPitch, work);
    }
}

/** Gᵀ along columns, rows and depth: points `step` bytes apart to taps `tapBytes` apart, four channels of dy. */
function transformBack(p: WinogradGradient, from: usize, step: usize, to: usize, tapBytes: usize, work: usize): void {
  const slices = <usize>slicesOf(p);
  const strided = p.stride == 2;
  const columns = work;
  const rows = columns + 18 * 16;
  const taps = rows + 54 * 16;
  for (let slice: usize = 0; slice < slices; slice++) {
    const points = from + slice * 36 * step;
    for (let column: usize = 0; column < 6; column++) backLine(strided, points + column * step, 6 * step, columns + (column << 4), 96);
    for (let row: usize = 0; row < 3; row++) backLine(strided, columns + row * 96, 16, rows + slice * 144 + row * 48, 16);
  }
  if (slices == 1) {
    for (let tap: usize = 0; tap < 9; tap++) storeTap(p.add, to + tap * tapBytes, v128.load(rows + (tap << 4)));
    return;
  }
  for (let tap: usize = 0; tap < 9; tap++) {
    weightGradientLine(rows + (tap << 4), 144, taps, 16);
    const out = to + tap * tapBytes;
    storeTap(p.add, out, v128.load(taps));
    storeTap(p.add, out + 9 * tapBytes, v128.load(taps, 16));
    storeTap(p.add, out + 18 * tapBytes, v128.load(taps, 32));
  }
}

function backLine(strided: bool, from: usize, fromStep: usize, to: usize, step: usize): void {
  if (strided) stridedWeightGradientLine(from, fromStep, to, step);
  else weightGradientLine(from, fromStep, to, step);
}

@inline
function storeTap(add: i32, to: usize, value: v128): void {
  v128.store(to, add ? f32x4.add(v128.load(to), value) : value);
}
