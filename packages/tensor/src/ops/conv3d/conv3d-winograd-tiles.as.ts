/**
 * Tiles of Winograd's convolution, F(4,3) along all axes: 4×4×4 results from 6×6×6 values through 216 products for each pair of channels, where the
 * plain way takes 1728. A kernel of depth 1 has tiles of 1×4×4 and 36 points.
 *
 * Transforms go 16 channels at a time, a cache line, axis by axis through a work area in the first-level cache. Points come in slices of 36, one for
 * each point along depth. What lies outside the volume is read as zeros.
 */
import { gradientLine, inputLine } from './conv3d-winograd-lines.as';
import { gradientLines, inputLines, outputLines, placeFactors } from './conv3d-winograd-runs.as';

/** A volume `[n, depth, height, width, channels]` that is cut into tiles. */
@unmanaged
export class TiledVolume {
  address: usize;
  batch: i32;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
}

/** How tiles lie: how many there are on each axis, results that each has along depth (4 or 1), where their inputs start. */
@unmanaged
export class Tiling {
  tilesDepth: i32;
  tilesHeight: i32;
  tilesWidth: i32;
  tileDepth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
}

/** What all of Winograd's kernels are told first: the volume that is read with its surroundings, the one of results, how they are tiled. */
@unmanaged
export class TiledPair {
  fromAddress: usize;
  fromBatch: i32;
  fromDepth: i32;
  fromHeight: i32;
  fromWidth: i32;
  fromChannels: i32;
  toAddress: usize;
  toBatch: i32;
  toDepth: i32;
  toHeight: i32;
  toWidth: i32;
  toChannels: i32;
  tilesDepth: i32;
  tilesHeight: i32;
  tilesWidth: i32;
  tileDepth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  scratch: usize;
  scratchBytes: i32;
  /** 1: each item has scratch of its own, as there are fewer than threads; 0: each thread. */
  scratchByItem: i32;
  /** The tiles of this command: the first, how many, and how many an item takes. */
  firstTile: i32;
  tiles: i32;
  tilesPerItem: i32;
}

@inline
export function fromVolume(pair: TiledPair): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(pair) + offsetof<TiledPair>('fromAddress'));
}

@inline
export function toVolume(pair: TiledPair): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(pair) + offsetof<TiledPair>('toAddress'));
}

@inline
export function tilingOf(pair: TiledPair): Tiling {
  return changetype<Tiling>(changetype<usize>(pair) + offsetof<TiledPair>('tilesDepth'));
}

@inline
export function scratchOf(pair: TiledPair, item: i32, thread: i32): usize {
  return pair.scratch + <usize>(pair.scratchByItem ? item : thread) * <usize>pair.scratchBytes;
}

/** Slices of 36 points that a tile has. */
@inline
export function slicesOf(pair: TiledPair): i32 {
  return pair.tileDepth == 4 ? 6 : 1;
}

/** The least odd number of cache lines that holds so many bytes, in bytes: points so far apart do not fall into the same set of a cache. */
@inline
export function oddLines(bytes: usize): usize {
  return ((bytes + 63) & ~127) + 64;
}

/** Bytes from one point to the next of `tiles` tiles in fours with `channels` channels. */
@inline
export function pointBytes(tiles: i32, channels: i32): usize {
  return oddLines((<usize>((tiles + 3) & ~3) * <usize>channels) << 2);
}

/** Bytes that the transforms of a tile need to work in: 216 points of 16 channels, a slice of them, a point of zeros and one of factors. */
export const TILE_WORK_BYTES: usize = 64 * (216 + 36 + 2);

/** Bytes from one point to the next in the work area: 16 channels. */
const POINT: usize = 64;
const SLICE: usize = 36 * POINT;
/** Where the zeros and the factors lie. */
const ZEROS: usize = 7 * SLICE;
const FACTORS: usize = ZEROS + POINT;

/** Tile → its place along each axis. */
@inline
export function widthIndex(tiling: Tiling, tile: i32): i32 {
  return tile % tiling.tilesWidth;
}
@inline
export function heightIndex(tiling: Tiling, tile: i32): i32 {
  return (tile / tiling.tilesWidth) % tiling.tilesHeight;
}
@inline
export function depthIndex(tiling: Tiling, tile: i32): i32 {
  return (tile / (tiling.tilesWidth * tiling.tilesHeight)) % tiling.tilesDepth;
}
@inline
export function imageIndex(tiling: Tiling, tile: i32): i32 {
  return tile / (tiling.tilesWidth * tiling.tilesHeight * tiling.tilesDepth);
}

/** The value at `address` if its plane is there, else zeros. */
@inline
function loadIf(there: bool, address: usize): v128 {
  return there ? v128.load(address) : f32x4.splat(0);
}

/** Zeros for a point of the work area. (memory.fill is a call into the engine, a hundred times slower for so few bytes.) */
@inline
function clearPoint(at: usize): void {
  const zero = f32x4.splat(0);
  v128.store(at, zero);
  v128.store(at, zero, 16);
  v128.store(at, zero, 32);
  v128.store(at, zero, 48);
}

/**
 * Transforms the input of tile `tile`, channels `first` to `last` (multiples of 4): point i of channel c goes to `to + i · planeBytes + 4 · c`.
 */
export function inputTile(volume: TiledVolume, tiling: Tiling, tile: i32, first: i32, last: i32, to: usize, planeBytes: usize, work: usize): void {
  const x = widthIndex(tiling, tile) * 4 - tiling.paddingWidth;
  const y = heightIndex(tiling, tile) * 4 - tiling.paddingHeight;
  const z = depthIndex(tiling, tile) * tiling.tileDepth - tiling.paddingDepth;
  const planes = tiling.tileDepth == 4 ? 6 : 1;
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const plane = <usize>volume.height * row;
  const corner = volume.address + <usize>(imageIndex(tiling, tile) * volume.depth + z) * plane + <usize>y * row + <usize>x * pixel;
  const inside = z >= 0 && z + planes <= volume.depth;
  // Whether whole rows can be taken at once.
  const whole = inside && planes == 6 && x >= 0 && x + 6 <= volume.width;
  const factors = work + FACTORS;
  placeFactors(factors);
  const end = <usize>last << 2;
  for (let channel = <usize>first << 2; channel < end; channel += 64) {
    const bytes = min<usize>(64, end - channel);
    let out = work;
    for (let j = 0; j < 6; j++) {
      if (whole && <u32>(y + j) < <u32>volume.height) {
        inputLines(corner + <usize>j * row + channel, plane, pixel, out, SLICE, POINT, 6, bytes, factors);
        out += 6 * POINT;
        continue;
      }
      for (let i = 0; i < 6; i++) {
        let from = corner + <usize>j * row + <usize>i * pixel + channel;
        const there = <u32>(y + j) < <u32>volume.height && <u32>(x + i) < <u32>volume.width;
        const stop = from + bytes;
        if (!there) for (let s = 0; s < planes; s++) clearPoint(out + <usize>s * SLICE);
        else if (planes == 1) for (let at = out; from < stop; from += 16, at += 16) v128.store(at, loadIf(inside, from));
        else if (inside) inputLines(from, plane, 0, out, SLICE, 0, 1, bytes, factors);
        else
          for (let at = out; from < stop; from += 16, at += 16)
            inputLine(
              loadIf(<u32>z < <u32>volume.depth, from),
              loadIf(<u32>(z + 1) < <u32>volume.depth, from + plane),
              loadIf(<u32>(z + 2) < <u32>volume.depth, from + 2 * plane),
              loadIf(<u32>(z + 3) < <u32>volume.depth, from + 3 * plane),
              loadIf(<u32>(z + 4) < <u32>volume.depth, from + 4 * plane),
              loadIf(<u32>(z + 5) < <u32>volume.depth, from + 5 * plane),
              at, SLICE,
            );
        out += POINT;
      }
    }
    for (let slice = 0; slice < planes; slice++)
      inputSlice(work + <usize>slice * SLICE, bytes, work + 6 * SLICE, factors, to + channel + <usize>(slice * 36) * planeBytes, planeBytes);
  }
}

/** Rows, then columns of a slice of the input. */
@inline
function inputSlice(from: usize, bytes: usize, work: usize, factors: usize, to: usize, planeBytes: usize): void {
  inputLines(from, POINT, 6 * POINT, work, POINT, 6 * POINT, 6, bytes, factors);
  inputLines(work, 6 * POINT, POINT, to, 6 * planeBytes, planeBytes, 6, bytes, factors);
}

/** Transforms the results' gradient of tile `tile`: all channels; point i of channel c goes to `to + i · planeBytes + 4 · c`. */
export function gradientTile(volume: TiledVolume, tiling: Tiling, tile: i32, first: i32, last: i32, to: usize, planeBytes: usize, work: usize): void {
  const x = widthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const z = depthIndex(tiling, tile) * tiling.tileDepth;
  const slices = tiling.tileDepth == 4 ? 6 : 1;
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const plane = <usize>volume.height * row;
  const corner = volume.address + <usize>(imageIndex(tiling, tile) * volume.depth + z) * plane + <usize>y * row + <usize>x * pixel;
  const whole = slices == 6 && z + 4 <= volume.depth && x + 4 <= volume.width;
  const factors = work + FACTORS;
  placeFactors(factors);
  const end = <usize>last << 2;
  for (let channel = <usize>first << 2; channel < end; channel += 64) {
    const bytes = min<usize>(64, end - channel);
    for (let j = 0; j < 4; j++) {
      if (whole && y + j < volume.height) {
        gradientLines(corner + <usize>j * row + channel, plane, pixel, work + <usize>(j * 6) * POINT, SLICE, POINT, 4, bytes, factors);
        continue;
      }
      for (let i = 0; i < 4; i++) {
        let from = corner + <usize>j * row + <usize>i * pixel + channel;
        const out = work + <usize>(j * 6 + i) * POINT;
        const stop = from + bytes;
        if (y + j >= volume.height || x + i >= volume.width) for (let s = 0; s < slices; s++) clearPoint(out + <usize>s * SLICE);
        else if (slices == 1) for (let at = out; from < stop; from += 16, at += 16) v128.store(at, v128.load(from));
        else
          for (let at = out; from < stop; from += 16, at += 16)
            gradientLine(
              v128.load(from),
              loadIf(z + 1 < volume.depth, from + plane),
              loadIf(z + 2 < volume.depth, from + 2 * plane),
              loadIf(z + 3 < volume.depth, from + 3 * plane),
              at, SLICE,
            );
      }
    }
    for (let slice = 0; slice < slices; slice++)
      gradientSlice(work + <usize>slice * SLICE, bytes, work + 6 * SLICE, factors, to + channel + <usize>(slice * 36) * planeBytes, planeBytes);
  }
}

/** Rows, then columns of a slice of the gradient. */
@inline
function gradientSlice(from: usize, bytes: usize, work: usize, factors: usize, to: usize, planeBytes: usize): void {
  gradientLines(from, POINT, 6 * POINT, work, POINT, 6 * POINT, 4, bytes, factors);
  gradientLines(work, 6 * POINT, POINT, to, 6 * planeBytes, planeBytes, 6, bytes, factors);
}

/** Turns the products of a tile (point i of channel c at `from + i · planeBytes + 4 · c`) into results, with the bias (or 0). */
export function outputTile(volume: TiledVolume, tiling: Tiling, tile: i32, first: i32, last: i32, from: usize, planeBytes: usize, bias: usize, work: usize): void {
  const x = widthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const z = depthIndex(tiling, tile) * tiling.tileDepth;
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const plane = <usize>volume.height * row;
  const to = volume.address + <usize>(imageIndex(tiling, tile) * volume.depth + z) * plane + <usize>y * row + <usize>x * pixel;
  const planes = min(tiling.tileDepth, volume.depth - z);
  const rows = min(4, volume.height - y);
  const columns = min(4, volume.width - x);
  const lines = work + 6 * SLICE;
  const zeros = work + ZEROS;
  const factors = work + FACTORS;
  clearPoint(zeros);
  placeFactors(factors);
  const end = <usize>last << 2;
  for (let channel = <usize>first << 2; channel < end; channel += 64) {
    const bytes = min<usize>(64, end - channel);
    let slices = from + channel;
    let pointStep = planeBytes;
    if (tiling.tileDepth == 4) {
      outputLines(slices, 36 * planeBytes, planeBytes, work, SLICE, POINT, 36, bytes, 4, zeros, factors);
      slices = work;
      pointStep = POINT;
    }
    const start = bias == 0 ? zeros : bias + channel;
    for (let p = 0; p < planes; p++) {
      outputLines(slices + <usize>p * SLICE, 6 * pointStep, pointStep, lines, 6 * POINT, POINT, 6, bytes, 4, zeros, factors);
      outputLines(lines, POINT, 6 * POINT, to + <usize>p * plane + channel, pixel, row, rows, bytes, columns, start, factors);
    }
  }
}
