/**
 * 3×3×3 (or 1×3×3) convolution with stride 1 by Winograd's method, forward and, with mirrored weights, as the data gradient. Large volumes go
 * block by block: a few tiles are transformed, multiplied and transformed back while they are in the second-level cache. Small volumes with
 * many channels have few tiles and weights too large to read once for each block: there the three steps are commands of their own.
 */
import { inputSlice, outputTile, slices, TiledVolume, Tiling } from './conv3d-winograd-tiles.as';
import { madd } from '../../device/cpu/simd.as';

@unmanaged
class Winograd {
  sourceAddress: usize;
  batch: i32;
  sourceDepth: i32;
  sourceHeight: i32;
  sourceWidth: i32;
  sourceChannels: i32;
  targetAddress: usize;
  targetBatch: i32;
  targetDepth: i32;
  targetHeight: i32;
  targetWidth: i32;
  targetChannels: i32;
  tilesDepth: i32;
  tilesHeight: i32;
  tilesWidth: i32;
  tileDepth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  /** See conv3d-winograd-weights.as.ts. */
  weights: usize;
  weightPointBytes: usize;
  bias: usize;
  tilesPerItem: i32;
  /** Transformed input and products, of all tiles; 0 where items keep their own in scratch. */
  transformed: usize;
  products: usize;
  scratch: usize;
  scratchBytes: i32;
}

// The parts of `Winograd` that the transforms of tiles take, seen in place.
@inline
function source(p: Winograd): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(p) + offsetof<Winograd>('sourceAddress'));
}
@inline
function target(p: Winograd): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(p) + offsetof<Winograd>('targetAddress'));
}
@inline
function tiling(p: Winograd): Tiling {
  return changetype<Tiling>(changetype<usize>(p) + offsetof<Winograd>('tilesDepth'));
}

@inline
function tileCount(p: Winograd): i32 {
  return p.batch * p.tilesDepth * p.tilesHeight * p.tilesWidth;
}

/** Target channels in whole blocks of eight. */
@inline
function paddedChannels(p: Winograd): i32 {
  return (p.targetChannels + 7) & ~7;
}

/**
 * Bytes from one point to the next of `tiles` tiles in fours with `channels` channels. An odd number of cache lines, so that the many points
 * of a tile do not fall into the same set of the cache.
 */
@inline
function pointBytes(tiles: i32, channels: i32): usize {
  return ((((<usize>((tiles + 3) & ~3) * <usize>channels) << 2) + 63) & ~127) + 64;
}

/** One item: all of a run of tiles. */
export function conv3dWinograd(p: Winograd, item: i32, thread: i32): void {
  const first = item * p.tilesPerItem;
  const tiles = min(p.tilesPerItem, tileCount(p) - first);
  const channels = paddedChannels(p);
  const transformedBytes = pointBytes(p.tilesPerItem, p.sourceChannels);
  const productBytes = pointBytes(p.tilesPerItem, channels);
  const transformed = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const products = transformed + 36 * transformedBytes;
  const pointsPerTile = slices(tiling(p)) * 36;
  const work = products + <usize>pointsPerTile * productBytes;
  for (let slice = 0; slice < slices(tiling(p)); slice++) {
    for (let tile = 0; tile < tiles; tile++) {
      const to = transformed + (<usize>(tile * p.sourceChannels) << 2);
      inputSlice(source(p), tiling(p), first + tile, slice, to, transformedBytes, work);
    }
    for (let i: usize = 0; i < 36; i++) {
      const point = <usize>slice * 36 + i;
      const weights = p.weights + point * p.weightPointBytes;
      multiply(transformed + i * transformedBytes, weights, products + point * productBytes, tiles, p.sourceChannels, channels);
    }
  }
  for (let tile = 0; tile < tiles; tile++)
    outputTile(target(p), tiling(p), first + tile, products + (<usize>(tile * channels) << 2), productBytes, p.bias, work);
}

/** One item: a slice of a run of tiles. */
export function conv3dWinogradInput(p: Winograd, item: i32, thread: i32): void {
  const slice = item % slices(tiling(p));
  const first = (item / slices(tiling(p))) * p.tilesPerItem;
  const end = min(first + p.tilesPerItem, tileCount(p));
  const bytes = pointBytes(tileCount(p), p.sourceChannels);
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  for (let tile = first; tile < end; tile++) {
    const to = p.transformed + <usize>(slice * 36) * bytes + (<usize>(tile * p.sourceChannels) << 2);
    inputSlice(source(p), tiling(p), tile, slice, to, bytes, work);
  }
}

/** One item: a point of all tiles. */
export function conv3dWinogradProduct(p: Winograd, item: i32, thread: i32): void {
  const channels = paddedChannels(p);
  const tiles = tileCount(p);
  const from = p.transformed + <usize>item * pointBytes(tiles, p.sourceChannels);
  const to = p.products + <usize>item * pointBytes(tiles, channels);
  multiply(from, p.weights + <usize>item * p.weightPointBytes, to, tiles, p.sourceChannels, channels);
}

/** One item: a run of tiles. */
export function conv3dWinogradOutput(p: Winograd, item: i32, thread: i32): void {
  const channels = paddedChannels(p);
  const end = min((item + 1) * p.tilesPerItem, tileCount(p));
  const bytes = pointBytes(tileCount(p), channels);
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  for (let tile = item * p.tilesPerItem; tile < end; tile++)
    outputTile(target(p), tiling(p), tile, p.products + (<usize>(tile * channels) << 2), bytes, p.bias, work);
}

/** `to[tile, target] = Σ from[tile, source] · weights[source, target]` for tiles in fours and target channels in eights. */
function multiply(from: usize, weights: usize, to: usize, tiles: i32, sourceChannels: i32, targetChannels: i32): void {
  const fromBytes = <usize>sourceChannels << 2;
  const toBytes = <usize>targetChannels << 2;
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
