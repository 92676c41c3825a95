/**
 * 3×3×3 convolution with stride 2 through the points of conv3d-strided-lines.as.ts, forward, as the data gradient, and its weight gradient: slices of a
 * block of tiles are transformed, multiplied and transformed back one after the other while they are in the second-level cache.
 */
import { outerProducts } from './conv3d-outer.as';
import {
  STRIDED_WORK_BYTES, stridedGatherSlice, stridedGradientSlice, stridedInputSlice, stridedOutputSlice, stridedSpreadSlice,
} from './conv3d-strided-tiles.as';
import { multiply, paddedChannels, Winograd } from './conv3d-winograd.as';
import { EDGE_BYTES, WinogradGradient } from './conv3d-winograd-gradient.as';
import { fromVolume, pointBytes, scratchOf, tilingOf, toVolume } from './conv3d-winograd-tiles.as';

/** Which of the 216 points of the weights point `i` of slice `slice` meets: plain points share theirs. */
@inline
function weightPointOf(slice: i32, i: i32): i32 {
  return (min(slice, 5) * 6 + min(i / 9, 5)) * 6 + min(i % 9, 5);
}

/** One item: all of a run of tiles. */
export function conv3dStrided(p: Winograd, item: i32, thread: i32): void {
  const first = item * p.tilesPerItem;
  const tiles = min(p.tilesPerItem, p.tiles - first);
  const channels = paddedChannels(p);
  const transformedBytes = pointBytes(p.tilesPerItem, p.fromChannels);
  const productBytes = pointBytes(p.tilesPerItem, channels);
  const work = scratchOf(p, thread);
  const transformed = work + STRIDED_WORK_BYTES;
  const products = transformed + 81 * transformedBytes;
  for (let slice = 0; slice < 9; slice++) {
    for (let tile = 0; tile < tiles; tile++) {
      const to = transformed + (<usize>(tile * p.fromChannels) << 2);
      if (p.transposed) stridedSpreadSlice(fromVolume(p), tilingOf(p), first + tile, slice, to, transformedBytes, work);
      else stridedInputSlice(fromVolume(p), tilingOf(p), first + tile, slice, to, transformedBytes, work);
    }
    for (let i = 0; i < 81; i++) {
      const weights = p.weights + <usize>weightPointOf(slice, i) * p.weightPointBytes;
      const from = transformed + <usize>i * transformedBytes;
      multiply(from, p.fromChannels, p.fromChannels, weights, products + <usize>i * productBytes, channels, channels, tiles, false);
    }
    for (let tile = 0; tile < tiles; tile++) {
      const from = products + (<usize>(tile * channels) << 2);
      if (p.transposed) stridedGatherSlice(toVolume(p), tilingOf(p), first + tile, slice, from, productBytes, p.bias, work);
      else stridedOutputSlice(toVolume(p), tilingOf(p), first + tile, slice, from, productBytes, p.bias, work);
    }
  }
}

/** One item: a part of the tiles. `conv3dWinogradGradientSum` adds the parts. */
export function conv3dStridedGradientPart(p: WinogradGradient, item: i32, thread: i32): void {
  const start = item * p.tilesPerItem;
  const end = min(start + p.tilesPerItem, p.tiles);
  const xBytes = pointBytes(p.tilesPerBlock, p.fromChannels);
  const dyBytes = pointBytes(p.tilesPerBlock, p.toChannels);
  const edge = scratchOf(p, thread);
  const work = edge + EDGE_BYTES;
  const transformedX = work + STRIDED_WORK_BYTES;
  const transformedDy = transformedX + 81 * xBytes;
  const xPitch = <usize>p.fromChannels << 2;
  const dyPitch = <usize>p.toChannels << 2;
  const sumBytes = <usize>p.fromChannels * dyPitch;
  const sums = p.sums + <usize>(item * 216) * sumBytes;
  for (let block = start; block < end; block += p.tilesPerBlock) {
    const tiles = min(p.tilesPerBlock, end - block);
    for (let slice = 0; slice < 9; slice++) {
      for (let tile = 0; tile < tiles; tile++) {
        stridedInputSlice(fromVolume(p), tilingOf(p), block + tile, slice, transformedX + <usize>tile * xPitch, xBytes, work);
        stridedGradientSlice(toVolume(p), tilingOf(p), block + tile, slice, transformedDy + <usize>tile * dyPitch, dyBytes, work);
      }
      for (let i = 0; i < 81; i++) {
        const add = block > start || slice > 5 || i / 9 > 5 || i % 9 > 5;
        const a = transformedX + <usize>i * xBytes;
        const b = transformedDy + <usize>i * dyBytes;
        const to = sums + <usize>weightPointOf(slice, i) * sumBytes;
        outerProducts(a, xPitch, b, dyPitch, tiles, to, dyPitch, p.fromChannels, p.toChannels, add, edge);
      }
    }
  }
}
