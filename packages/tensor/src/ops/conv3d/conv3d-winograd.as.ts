/**
 * 3×3×3 (or 1×3×3) convolution with stride 1 by Winograd's method, forward and, with mirrored weights, as the data gradient. Large volumes go
 * block by block: a few tiles are transformed, multiplied and transformed back while they are in a cache. Small volumes with many channels have few
 * tiles and weights too large to read once for each block: there the three steps are commands of their own, and the weights are transformed, a
 * few channels at a time, where they are multiplied.
 */
import { multiplyRows, targetsAt } from './conv3d-product.as';
import {
  fromVolume, inputTile, outputTile, pointBytes, scratchOf, slicesOf, TILE_WORK_BYTES, TiledPair, tilingOf, toVolume,
} from './conv3d-winograd-tiles.as';
import { packedBytes, packTaps, transformPanels, WEIGHT_WORK_BYTES, WinogradTaps } from './conv3d-winograd-weights.as';

@unmanaged
class Winograd extends TiledPair {
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
  /** Slices and blocks of eight target channels that an item of the products takes, and source channels for which it transforms weights at a time. */
  slicesPerItem: i32;
  blocksPerItem: i32;
  sourcesPerPanel: i32;
}

@inline
function taps(p: Winograd): WinogradTaps {
  return changetype<WinogradTaps>(changetype<usize>(p) + offsetof<Winograd>('weight'));
}

/** Target channels in whole blocks of eight. */
@inline
function paddedChannels(p: Winograd): i32 {
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
  const work = scratchOf(p, item, thread);
  const transformed = work + TILE_WORK_BYTES;
  const products = transformed + points * transformedBytes;
  for (let tile = 0; tile < tiles; tile++) {
    const to = transformed + (<usize>(tile * p.fromChannels) << 2);
    inputTile(fromVolume(p), tilingOf(p), first + tile, 0, p.fromChannels, to, transformedBytes, work);
  }
  for (let point: usize = 0; point < points; point++) {
    const weights = p.weights + point * p.weightPointBytes;
    const from = transformed + point * transformedBytes;
    multiply(from, p.fromChannels, p.fromChannels, weights, products + point * productBytes, channels, channels, tiles, false);
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
    inputTile(fromVolume(p), tilingOf(p), p.firstTile + tile, channel, lastChannel, to, bytes, scratchOf(p, item, thread));
  }
}

/** One item: some slices of all tiles, some blocks of eight target channels. */
export function conv3dWinogradProduct(p: Winograd, item: i32, thread: i32): void {
  const channels = paddedChannels(p);
  const groups = ((channels >> 3) + p.blocksPerItem - 1) / p.blocksPerItem;
  const firstSlice = (item / groups) * p.slicesPerItem;
  const lastSlice = min(firstSlice + p.slicesPerItem, slicesOf(p));
  const first = (item % groups) * p.blocksPerItem;
  const blocks = min(p.blocksPerItem, (channels >> 3) - first);
  const fromBytes = pointBytes(p.tiles, p.fromChannels);
  const toBytes = pointBytes(p.tiles, channels);
  const work = scratchOf(p, item, thread);
  const packed = work + WEIGHT_WORK_BYTES;
  const panels = packed + packedBytes(taps(p), p.sourcesPerPanel, p.blocksPerItem);
  // An odd number of cache lines, as in `pointBytes`.
  const panelBytes = (<usize>(p.blocksPerItem * p.sourcesPerPanel) << 5) + 64;
  for (let source = 0; source < p.fromChannels; source += p.sourcesPerPanel) {
    const sources = min(p.sourcesPerPanel, p.fromChannels - source);
    packTaps(taps(p), source, sources, first << 3, blocks, packed);
    for (let slice = firstSlice; slice < lastSlice; slice++) {
      transformPanels(taps(p), slice, packed, sources, blocks, panels, panelBytes, work);
      for (let i = 0; i < 36; i++) {
        const point = <usize>(slice * 36 + i);
        const from = p.transformed + point * fromBytes + (<usize>source << 2);
        const to = p.products + point * toBytes + (<usize>first << 5);
        multiply(from, p.fromChannels, sources, panels + <usize>i * panelBytes, to, channels, blocks << 3, p.tiles, source > 0);
      }
    }
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
    outputTile(toVolume(p), tilingOf(p), p.firstTile + tile, channel, lastChannel, from, bytes, p.bias, scratchOf(p, item, thread));
  }
}

/** `to[tile, target] (+)= Σ from[tile, source] · weights[source, target]` for target channels in eights; see `multiplyRows`. */
function multiply(
  from: usize,
  fromPitch: i32,
  sources: i32,
  weights: usize,
  to: usize,
  toPitch: i32,
  targets: i32,
  tiles: i32,
  add: bool,
): void {
  for (let channel = 0; channel < targets; ) {
    const count = targetsAt(channel, targets);
    multiplyRows(from, fromPitch, sources, weights, to + (<usize>channel << 2), toPitch, count, tiles, add);
    weights += <usize>(sources * count) << 2;
    channel += count;
  }
}
