/**
 * Tiles of a 3×3×3 convolution with stride 2 along all axes: 4×4 results along depth and height, a run of them along width. The transforms of
 * conv3d-strided-lines.as.ts go along depth and height only, so that 9×9 rows of values become 81 rows of points, each element by element; along width
 * the three taps of a result lie side by side in such a row, and are multiplied in one go. The data gradient has tiles of 5×5 rows of values and
 * 8×8 rows of results: even ones from the transformed points, odd ones from the plain ones.
 *
 * Points come in nine slices of nine rows, one slice for each point along depth. A slice is made, multiplied and transformed back alone, and adds to
 * the results, so that what a tile needs stays in the second-level cache. Transforms along height take place where their points lie.
 */
import { stridedInputFactor, stridedOutputFactor } from './conv3d-strided-lines.as';
import {
  addLines, clearRow, combineRows, placeStridedFactors, stridedGradientLines, stridedInputLines, stridedOutputLines,
} from './conv3d-strided-runs.as';
import { depthIndex, heightIndex, imageIndex, TiledVolume, Tiling, widthIndex } from './conv3d-winograd-tiles.as';

/** Bytes of a row that are worked on at a time, so that nine rows stay in the first-level cache. */
const CHUNK: usize = 2048;
/** Work area: the transforms' factors and four of planes, in a cache line of their own, so that rows begin with one. */
export const STRIDED_WORK_BYTES: usize = 64;

/** What lines along depth and height become nine points: nine values, five values or four values of a gradient of results. */
const FROM_NINE: i32 = 9;
const FROM_FIVE: i32 = 5;
const FROM_FOUR: i32 = 4;

/** Values in a row of points that `run` results with stride 2 read, in pairs. */
@inline
export function stridedPixels(run: i32): i32 {
  return 2 * run + 2;
}

/** Nine rows of points of a slice of x, `pointBytes` apart, each of `stridedPixels(run)` pixels. */
export function stridedInputRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 8 - tiling.paddingDepth;
  const y = heightIndex(tiling, tile) * 8 - tiling.paddingHeight;
  const x = widthIndex(tiling, tile) * 2 * run - tiling.paddingWidth;
  expand(FROM_NINE, volume, imageIndex(tiling, tile), z, y, x, stridedPixels(run), slice, to, pointBytes, work);
}

/** The same of the results' gradient where the data gradient is computed: `run + 1` pixels, from the one before the run. */
export function stridedSpreadRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 4 - 1;
  const y = heightIndex(tiling, tile) * 4 - 1;
  const x = widthIndex(tiling, tile) * run - 1;
  expand(FROM_FIVE, volume, imageIndex(tiling, tile), z, y, x, run + 1, slice, to, pointBytes, work);
}

/** The same of the results' gradient where the weight gradient is computed: `run` pixels and one of zeros. */
export function stridedGradientRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const x = widthIndex(tiling, tile) * run;
  expand(FROM_FOUR, volume, imageIndex(tiling, tile), z, y, x, run, slice, to, pointBytes, work);
  const pixel = <usize>volume.channels << 2;
  for (let i: usize = 0; i < 9; i++) clearRow(to + i * pointBytes + <usize>run * pixel, pixel);
}

/** What slice `slice` takes of plane `index`: its factor. */
@inline
function planeFactor(kind: i32, slice: i32, index: i32): f32 {
  if (kind == FROM_NINE) {
    if (slice >= 5) return index == 2 * slice - 9 ? 1 : 0;
    return index & 1 ? 0 : stridedInputFactor(slice, index >> 1);
  }
  if (kind == FROM_FIVE) return slice >= 5 ? (index == slice - 4 ? 1 : 0) : stridedInputFactor(slice, index);
  return slice >= 5 ? (index == slice - 5 ? 1 : 0) : stridedOutputFactor(slice, index);
}

/** Which of the nine points row `row` is put at: those of the plain points stay there, the others are transformed in their place. */
@inline
function pointOfRow(kind: i32, row: i32): usize {
  if (kind == FROM_NINE) return row & 1 ? 5 + (row >> 1) : row >> 1;
  return 9 - kind + row;
}

@inline
function expand(
  kind: i32, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, pixels: i32, slice: i32, to: usize, pointBytes: usize, work: usize,
): void {
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const factors = work + 16;
  placeStridedFactors(work);
  v128.store(factors, f32x4.splat(0));
  // What lies beside the volume, all of it where no plane of the slice is there.
  const left = max(0, min(pixels, -x));
  let right = max(left, min(pixels, volume.width - x));
  let planes = 0;
  let p0: usize = 0, p1: usize = 0, p2: usize = 0, p3: usize = 0;
  for (let index = 0; index < kind; index++) {
    const factor = planeFactor(kind, slice, index);
    if (factor == 0 || <u32>(z + index) >= <u32>volume.depth) continue;
    const at = volume.address + <usize>((image * volume.depth + z + index) * volume.height + y) * row + <usize>(x + left) * pixel;
    // Planes that are not there are another one times 0.
    if (planes == 0) p0 = p1 = p2 = p3 = at;
    else if (planes == 1) p1 = at;
    else if (planes == 2) p2 = at;
    else p3 = at;
    store<f32>(factors + (<usize>planes << 2), factor);
    planes++;
  }
  if (planes == 0) right = left;
  const before = <usize>left * pixel;
  const after = <usize>right * pixel;
  for (let i: usize = 0; i < 9; i++) {
    clearRow(to + i * pointBytes, before);
    clearRow(to + i * pointBytes + after, <usize>pixels * pixel - after);
  }
  const plain = planes == 1 && load<f32>(factors) == 1;
  to += before;
  for (let at: usize = 0; at < after - before; at += CHUNK) {
    const bytes = min(CHUNK, after - before - at);
    const points = to + at;
    for (let j = 0; j < kind; j++) {
      const point = points + pointOfRow(kind, j) * pointBytes;
      const from = <usize>j * row + at;
      if (<u32>(y + j) >= <u32>volume.height) clearRow(point, bytes);
      else combineRows(plain, p0 + from, p1 + from, p2 + from, p3 + from, factors, point, bytes);
    }
    const first = points + pointOfRow(kind, 0) * pointBytes;
    if (kind == FROM_FOUR) stridedGradientLines(first, pointBytes, points, pointBytes, bytes, work);
    else stridedInputLines(first, pointBytes, points, pointBytes, bytes, work);
  }
}

/**
 * Adds the products of slice `slice` of a tile to the results; slice 0 sets them. Row i of them is at `from + i · pointBytes`, its pixels have
 * `channels`, which are those of the volume or more. The points are lost.
 */
export function stridedOutputRows(
  volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, from: usize, pointBytes: usize, channels: i32, bias: usize, work: usize,
): void {
  const z = depthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const x = widthIndex(tiling, tile) * run;
  collapse(false, volume, imageIndex(tiling, tile), z, y, x, run, slice, from, pointBytes, channels, bias, work);
}

/** The same for the data gradient, whose tiles have 8×8 rows of `2 · run` results. */
export function stridedGatherRows(
  volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, from: usize, pointBytes: usize, channels: i32, bias: usize, work: usize,
): void {
  const z = depthIndex(tiling, tile) * 8 - tiling.paddingDepth;
  const y = heightIndex(tiling, tile) * 8 - tiling.paddingHeight;
  const x = widthIndex(tiling, tile) * 2 * run - tiling.paddingWidth;
  collapse(true, volume, imageIndex(tiling, tile), z, y, x, 2 * run, slice, from, pointBytes, channels, bias, work);
}

@inline
function collapse(
  doubled: bool, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, pixels: i32, slice: i32, points: usize, pointBytes: usize, channels: i32,
  bias: usize, work: usize,
): void {
  const pixel = <usize>volume.channels << 2;
  const pitch = <usize>channels << 2;
  const row = <usize>volume.width * pixel;
  const extent = doubled ? 8 : 4;
  placeStridedFactors(work);
  const left = max(0, -x);
  const right = min(pixels, volume.width - x);
  const most = max(1, <i32>(CHUNK / pitch));
  for (let start = left; start < right; start += most) {
    const chunk = min(most, right - start);
    const from = points + <usize>start * pitch;
    const bytes = <usize>chunk * pitch;
    stridedOutputLines(from, pointBytes, bytes, work);
    if (!doubled) addLines(from + 5 * pointBytes, pointBytes, 1, from, pointBytes, from, pointBytes, 4, bytes);
    for (let p = 0; p < extent; p++) {
      // Along depth a plane takes transformed points, plain ones, or both.
      let factor: f32 = 0;
      let first = slice == 0;
      if (doubled) {
        if (p & 1) factor = slice == 5 + (p >> 1) ? 1 : 0;
        else if (slice < 5) factor = stridedOutputFactor(slice, p >> 1);
        if (p & 1) first = true;
      } else factor = slice < 5 ? stridedOutputFactor(slice, p) : slice - 5 == p ? 1 : 0;
      if (factor == 0 || <u32>(z + p) >= <u32>volume.depth) continue;
      for (let j = 0; j < extent; j++) {
        if (<u32>(y + j) >= <u32>volume.height) continue;
        // Of twice as many results odd ones are the plain points themselves.
        const results = from + (doubled ? pointOfRow(FROM_NINE, j) : <usize>j) * pointBytes;
        const out = volume.address + <usize>((image * volume.depth + z + p) * volume.height + y + j) * row + <usize>(x + start) * pixel;
        if (first && bias != 0) addLines(results, pitch, factor, bias, 0, out, pixel, chunk, pixel);
        else {
          if (first) clearRow(out, <usize>chunk * pixel);
          // Pixels without gaps are one line.
          if (pitch == pixel) addLines(results, 0, factor, out, 0, out, 0, 1, bytes);
          else addLines(results, pitch, factor, out, pixel, out, pixel, chunk, pixel);
        }
      }
    }
  }
}
