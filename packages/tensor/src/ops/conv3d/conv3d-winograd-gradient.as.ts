/**
 * The weight gradient by Winograd's method: the transposed algorithm, dw = Gᵀ [Σ over tiles (Bᵀ x) ⊗ (A dy)] G. The sum over tiles is one matrix
 * product for each point. Large volumes are split into parts that transform and sum block by block; small ones with many channels are
 * transformed whole, and then each item sums a square of channels over all tiles and transforms it back at once.
 */
import { outerProducts } from './conv3d-outer.as';
import { weightGradientLine } from './conv3d-winograd-lines.as';
import { gradientSlice, inputSlice, slices, TiledVolume, Tiling } from './conv3d-winograd-tiles.as';

@unmanaged
class WinogradGradient {
  xAddress: usize;
  batch: i32;
  xDepth: i32;
  xHeight: i32;
  xWidth: i32;
  xChannels: i32;
  dyAddress: usize;
  dyBatch: i32;
  dyDepth: i32;
  dyHeight: i32;
  dyWidth: i32;
  dyChannels: i32;
  tilesDepth: i32;
  tilesHeight: i32;
  tilesWidth: i32;
  tileDepth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  /** `[27 or 9, xChannels, dyChannels]`. */
  dweight: usize;
  /** `[part, point, xChannels, dyChannels]`, or 0. */
  sums: usize;
  tilesPerItem: i32;
  tilesPerBlock: i32;
  /** How many parts there are. */
  parts: i32;
  /** Transformed x and dy of all tiles, or 0. */
  transformedX: usize;
  transformedDy: usize;
  scratch: usize;
  scratchBytes: i32;
}

// The parts of `WinogradGradient` that the transforms of tiles take, seen in place.
@inline
function x(p: WinogradGradient): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(p) + offsetof<WinogradGradient>('xAddress'));
}
@inline
function dy(p: WinogradGradient): TiledVolume {
  return changetype<TiledVolume>(changetype<usize>(p) + offsetof<WinogradGradient>('dyAddress'));
}
@inline
function tiling(p: WinogradGradient): Tiling {
  return changetype<Tiling>(changetype<usize>(p) + offsetof<WinogradGradient>('tilesDepth'));
}

@inline
function tileCount(p: WinogradGradient): i32 {
  return p.batch * p.tilesDepth * p.tilesHeight * p.tilesWidth;
}

/** Bytes from one point to the next: an odd number of cache lines, see conv3d-winograd.as.ts. */
@inline
function pointBytes(tiles: i32, channels: i32): usize {
  return (((<usize>tiles * <usize>channels << 2) + 63) & ~127) + 64;
}

/** One item: a slice of a part of the tiles. */
export function conv3dWinogradGradientPart(p: WinogradGradient, item: i32, thread: i32): void {
  const count = slices(tiling(p));
  const slice = item % count;
  const part = item / count;
  const start = part * p.tilesPerItem;
  const end = min(start + p.tilesPerItem, tileCount(p));
  const xBytes = pointBytes(p.tilesPerBlock, p.xChannels);
  const dyBytes = pointBytes(p.tilesPerBlock, p.dyChannels);
  const edge = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const transformedX = edge + 128;
  const transformedDy = transformedX + 36 * xBytes;
  const work = transformedDy + 36 * dyBytes;
  const xPitch = <usize>p.xChannels << 2;
  const dyPitch = <usize>p.dyChannels << 2;
  const sumBytes = <usize>p.xChannels * dyPitch;
  const sums = p.sums + <usize>((part * count + slice) * 36) * sumBytes;
  for (let block = start; block < end; block += p.tilesPerBlock) {
    const tiles = min(p.tilesPerBlock, end - block);
    for (let tile = 0; tile < tiles; tile++) {
      inputSlice(x(p), tiling(p), block + tile, slice, transformedX + <usize>tile * xPitch, xBytes, work);
      gradientSlice(dy(p), tiling(p), block + tile, slice, transformedDy + <usize>tile * dyPitch, dyBytes, work);
    }
    for (let i: usize = 0; i < 36; i++) {
      const a = transformedX + i * xBytes;
      const b = transformedDy + i * dyBytes;
      outerProducts(a, xPitch, b, dyPitch, tiles, sums + i * sumBytes, dyPitch, p.xChannels, p.dyChannels, block > start, edge);
    }
  }
}

/** One item: four channels of x. Adds the parts in order and transforms them back. */
export function conv3dWinogradGradientSum(p: WinogradGradient, item: i32, thread: i32): void {
  const points = <usize>slices(tiling(p)) * 36;
  const dyPitch = <usize>p.dyChannels << 2;
  const sumBytes = <usize>p.xChannels * dyPitch;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const first = <usize>item * 4 * dyPitch;
  for (let at = first; at < first + 4 * dyPitch; at += 16) {
    for (let point: usize = 0; point < points; point++) {
      let from = p.sums + point * sumBytes + at;
      let sum = v128.load(from);
      for (let part = 1; part < p.parts; part++) {
        from += points * sumBytes;
        sum = f32x4.add(sum, v128.load(from));
      }
      v128.store(work + (point << 4), sum);
    }
    transformBack(p, work, 16, p.dweight + at, sumBytes, work + (points << 4));
  }
}

/** One item: a slice of a run of tiles, x and dy. */
export function conv3dWinogradGradientInput(p: WinogradGradient, item: i32, thread: i32): void {
  const slice = item % slices(tiling(p));
  const first = (item / slices(tiling(p))) * p.tilesPerItem;
  const tiles = tileCount(p);
  const end = min(first + p.tilesPerItem, tiles);
  const xBytes = pointBytes(tiles, p.xChannels);
  const dyBytes = pointBytes(tiles, p.dyChannels);
  const toX = p.transformedX + <usize>(slice * 36) * xBytes;
  const toDy = p.transformedDy + <usize>(slice * 36) * dyBytes;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  for (let tile = first; tile < end; tile++) {
    inputSlice(x(p), tiling(p), tile, slice, toX + (<usize>(tile * p.xChannels) << 2), xBytes, work);
    gradientSlice(dy(p), tiling(p), tile, slice, toDy + (<usize>(tile * p.dyChannels) << 2), dyBytes, work);
  }
}

/** Channels of x and of dy that an item of `conv3dWinogradGradientSquare` takes. */
const SQUARE_X: i32 = 16;
const SQUARE_DY: i32 = 32;

/** One item: the gradient of a square of channels, from all tiles. */
export function conv3dWinogradGradientSquare(p: WinogradGradient, item: i32, thread: i32): void {
  const columns = (p.dyChannels + SQUARE_DY - 1) / SQUARE_DY;
  const firstX = (item / columns) * SQUARE_X;
  const firstDy = (item % columns) * SQUARE_DY;
  const rows = min(SQUARE_X, p.xChannels - firstX);
  const width = min(SQUARE_DY, p.dyChannels - firstDy);
  const tiles = tileCount(p);
  const points = <usize>slices(tiling(p)) * 36;
  const xBytes = pointBytes(tiles, p.xChannels);
  const dyBytes = pointBytes(tiles, p.dyChannels);
  const xPitch = <usize>p.xChannels << 2;
  const dyPitch = <usize>p.dyChannels << 2;
  const edge = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const sums = edge + 128;
  // One line more than the square has, for the caches' sake.
  const sumBytes: usize = SQUARE_X * SQUARE_DY * 4 + 64;
  const a = p.transformedX + (<usize>firstX << 2);
  const b = p.transformedDy + (<usize>firstDy << 2);
  for (let point: usize = 0; point < points; point++)
    outerProducts(
      a + point * xBytes, xPitch, b + point * dyBytes, dyPitch, tiles,
      sums + point * sumBytes, SQUARE_DY * 4, rows, width, false, edge,
    );
  const work = sums + points * sumBytes;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column += 4) {
      const out = p.dweight + <usize>(firstX + row) * dyPitch + (<usize>(firstDy + column) << 2);
      const from = sums + (<usize>(row * SQUARE_DY + column) << 2);
      transformBack(p, from, sumBytes, out, <usize>p.xChannels * dyPitch, work);
    }
}

/** Gᵀ along columns, rows and depth: points `pointBytes` apart to taps `tapBytes` apart, four channels of dy. */
function transformBack(p: WinogradGradient, from: usize, pointBytes: usize, to: usize, tapBytes: usize, work: usize): void {
  const count = <usize>slices(tiling(p));
  const rows = work + 18 * 16;
  for (let slice: usize = 0; slice < count; slice++) {
    const points = from + slice * 36 * pointBytes;
    for (let column: usize = 0; column < 6; column++)
      weightGradientLine(points + column * pointBytes, 6 * pointBytes, work + (column << 4), 96);
    for (let row: usize = 0; row < 3; row++) weightGradientLine(work + row * 96, 16, rows + slice * 144 + row * 48, 16);
  }
  const half = f32x4.splat(0.5);
  for (let tap: usize = 0; tap < 9; tap++) {
    const at = rows + (tap << 4);
    const out = to + tap * tapBytes;
    const first = v128.load(at);
    if (count == 1) {
      v128.store(out, first);
      continue;
    }
    // F(2,3) along depth: 0 + (1 + (−1)) / 2, (1 − (−1)) / 2, (1 + (−1)) / 2 + ∞.
    const plus = v128.load(at, 144);
    const minus = v128.load(at, 288);
    const outer = f32x4.mul(half, f32x4.add(plus, minus));
    v128.store(out, f32x4.add(first, outer));
    v128.store(out + 9 * tapBytes, f32x4.mul(half, f32x4.sub(plus, minus)));
    v128.store(out + 18 * tapBytes, f32x4.add(outer, v128.load(at, 432)));
  }
}
