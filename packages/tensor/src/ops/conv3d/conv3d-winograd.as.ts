/**
 * 3×3×3 (or 1×3×3) convolution with stride 1 by Winograd's method, forward and, with mirrored weights, as the data gradient. Large volumes go
 * block by block: a few tiles are transformed, multiplied and transformed back while they are in a cache. Small volumes with many channels have few
 * tiles and weights too large to read once for each block: there the three steps are commands of their own, and the weights are transformed, a
 * few target channels at a time, where they are multiplied.
 */
import { madd } from '../../device/cpu/simd.as';
import {
  fromVolume, inputTile, outputTile, pointBytes, scratchOf, slicesOf, TILE_WORK_BYTES, TiledPair, tilingOf, toVolume,
} from './conv3d-winograd-tiles.as';
import { WEIGHT_WORK_BYTES, weightPanel, WinogradTaps } from './conv3d-winograd-weights.as';

@unmanaged
export class Winograd extends TiledPair {
  bias: usize;
  /** The weights as they are: see `WinogradTaps`. */
  weight: usize;
  inputChannels: i32;
  outputChannels: i32;
  kernelDepth: i32;
  transposed: i32;
  weightStride: i32;
  /** Transformed, see conv3d-winograd-weights.as.ts; 0 where each item transforms its own. */
  weights: usize;
  weightPointBytes: usize;
  /** Transformed input and products of the command's tiles; 0 where items keep their own in scratch. */
  transformed: usize;
  products: usize;
  /** Channels that an item of the transforms takes. */
  channelsPerItem: i32;
  /** Blocks of eight target channels that an item of the products takes. */
  blocksPerItem: i32;
}

@inline
function taps(p: Winograd): WinogradTaps {
  return changetype<WinogradTaps>(changetype<usize>(p) + offsetof<Winograd>('weight'));
}

/** Target channels in whole blocks of eight. */
@inline
export function paddedChannels(p: Winograd): i32 {
  return (p.toChannels + 7) & ~7;
}

/** One item: all of a run of tiles. */
export function conv3dWinograd(p: Winograd, item: i32, thread: i32): void {
  const first = p.firstTile + item * p.tilesPerItem;
  const tiles = min(p.tilesPerItem, p.firstTile + p.tiles - first);
  const channels = paddedChannels(p);
  const points = <usize>slicesOf(p) * 36;
  const transformedBytes = pointBytes(p.tilesPerItem, p.fromChannels);
  const productBytes = pointBytes(p.tilesPerItem, channels);
  const work = scratchOf(p, thread);
  const transformed = work + TILE_WORK_BYTES;
  const products = transformed + points * transformedBytes;
  for (let tile = 0; tile < tiles; tile++) {
    const to = transformed + (<usize>(tile * p.fromChannels) << 2);
    inputTile(fromVolume(p), tilingOf(p), first + tile, 0, p.fromChannels, to, transformedBytes, work);
  }
  for (let point: usize = 0; point < points; point++) {
    const weights = p.weights + point * p.weightPointBytes;
    multiply(transformed + point * transformedBytes, weights, products + point * productBytes, tiles, p.fromChannels, channels, channels);
  }
  for (let tile = 0; tile < tiles; tile++) {
    const from = products + (<usize>(tile * channels) << 2);
    outputTile(toVolume(p), tilingOf(p), first + tile, 0, p.toChannels, from, productBytes, p.bias, work);
  }
}

/** One item: some channels of a run of tiles. */
export function conv3dWinogradInput(p: Winograd, item: i32, thread: i32): void {
  const runs = (p.fromChannels + p.channelsPerItem - 1) / p.channelsPerItem;
  const first = (item / runs) * p.tilesPerItem;
  const end = min(first + p.tilesPerItem, p.tiles);
  const channel = (item % runs) * p.channelsPerItem;
  const lastChannel = min(channel + p.channelsPerItem, p.fromChannels);
  const bytes = pointBytes(p.tiles, p.fromChannels);
  for (let tile = first; tile < end; tile++) {
    const to = p.transformed + (<usize>(tile * p.fromChannels) << 2);
    inputTile(fromVolume(p), tilingOf(p), p.firstTile + tile, channel, lastChannel, to, bytes, scratchOf(p, thread));
  }
}

/** One item: a slice of all tiles, some blocks of eight target channels. */
export function conv3dWinogradProduct(p: Winograd, item: i32, thread: i32): void {
  const channels = paddedChannels(p);
  const groups = ((channels >> 3) + p.blocksPerItem - 1) / p.blocksPerItem;
  const slice = item / groups;
  const first = (item % groups) * p.blocksPerItem;
  const blocks = min(p.blocksPerItem, (channels >> 3) - first);
  const fromBytes = pointBytes(p.tiles, p.fromChannels);
  const toBytes = pointBytes(p.tiles, channels);
  const work = scratchOf(p, thread);
  const panels = work + WEIGHT_WORK_BYTES;
  const panelBytes = <usize>p.fromChannels << 5;
  // An odd number of cache lines, as in `pointBytes`.
  const panelPointBytes = <usize>p.blocksPerItem * panelBytes + 64;
  for (let block = 0; block < blocks; block++)
    weightPanel(taps(p), slice, (first + block) << 3, panels + <usize>block * panelBytes, panelPointBytes, work);
  for (let i: usize = 0; i < 36; i++) {
    const point = <usize>slice * 36 + i;
    const to = p.products + point * toBytes + (<usize>first << 5);
    multiply(p.transformed + point * fromBytes, panels + i * panelPointBytes, to, p.tiles, p.fromChannels, blocks << 3, channels);
  }
}

/** One item: some channels of a run of tiles. */
export function conv3dWinogradOutput(p: Winograd, item: i32, thread: i32): void {
  const runs = (p.toChannels + p.channelsPerItem - 1) / p.channelsPerItem;
  const first = (item / runs) * p.tilesPerItem;
  const end = min(first + p.tilesPerItem, p.tiles);
  const channel = (item % runs) * p.channelsPerItem;
  const lastChannel = min(channel + p.channelsPerItem, p.toChannels);
  const channels = paddedChannels(p);
  const bytes = pointBytes(p.tiles, channels);
  for (let tile = first; tile < end; tile++) {
    const from = p.products + (<usize>(tile * channels) << 2);
    outputTile(toVolume(p), tilingOf(p), p.firstTile + tile, channel, lastChannel, from, bytes, p.bias, scratchOf(p, thread));
  }
}

/** `to[tile, target] = Σ from[tile, source] · weights[source, target]` for tiles in fours and target channels in eights, of rows of `toPitch` floats. */
export function multiply(from: usize, weights: usize, to: usize, tiles: i32, sourceChannels: i32, targetChannels: i32, toPitch: i32): void {
  const fromBytes = <usize>sourceChannels << 2;
  const toBytes = <usize>toPitch << 2;
  for (let channel = 0; channel < targetChannels; channel += 8) {
    for (let tile = 0; tile < tiles; tile += 4)
      multiply4x8(from + <usize>tile * fromBytes, fromBytes, weights, to + <usize>tile * toBytes + (<usize>channel << 2), toBytes);
    weights += fromBytes << 3;
  }
}

/** See conv3d-product.as.ts for why four by eight. */
function multiply4x8(from: usize, fromBytes: usize, weights: usize, to: usize, toBytes: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  let a = from;
  let b = a + fromBytes;
  let c = b + fromBytes;
  let d = c + fromBytes;
  const end = b;
  while (a < end) {
    const w0 = v128.load(weights);
    const w1 = v128.load(weights, 16);
    let s = v128.load32_splat(a);
    a0 = madd(s, w0, a0);
    a1 = madd(s, w1, a1);
    s = v128.load32_splat(b);
    b0 = madd(s, w0, b0);
    b1 = madd(s, w1, b1);
    s = v128.load32_splat(c);
    c0 = madd(s, w0, c0);
    c1 = madd(s, w1, c1);
    s = v128.load32_splat(d);
    d0 = madd(s, w0, d0);
    d1 = madd(s, w1, d1);
    a += 4;
    b += 4;
    c += 4;
    d += 4;
    weights += 32;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  to += toBytes;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  to += toBytes;
  v128.store(to, c0);
  v128.store(to, c1, 16);
  to += toBytes;
  v128.store(to, d0);
  v128.store(to, d1, 16);
}
