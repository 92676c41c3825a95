/**
 * Tiles of a 3×3×3 convolution with stride 2 along all axes: 4×4 results along depth and height, a run of them along width. The transforms of
 * conv3d-strided-lines.as.ts go along depth and height only, so that 9×9 rows of values become 81 rows of points, each element by element; along width
 * the three taps of a result lie side by side in such a row, and are multiplied in one go. The data gradient has tiles of 5×5 rows of values and
 * 8×8 rows of results: even ones from the transformed points, odd ones from the plain ones.
 *
 * Points come in nine slices of nine rows, one slice for each point along depth. A slice is made, multiplied and transformed back alone, and adds to
 * the results, so that what a tile needs stays in the second-level cache.
 */
import { madd } from '../../device/cpu/simd.as';
import {
  stridedGradientLine, stridedInputFactor, stridedInputLine, stridedOutputFactor, stridedOutputLine,
} from './conv3d-strided-lines.as';
import { depthIndex, heightIndex, imageIndex, TiledVolume, Tiling, widthIndex } from './conv3d-winograd-tiles.as';

/** Bytes of the rows of results that are worked on at a time, and of all of them. */
const CHUNK: usize = 2048;
export const STRIDED_WORK_BYTES: usize = 8 * CHUNK;

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
export function stridedInputRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize): void {
  const z = depthIndex(tiling, tile) * 8 - tiling.paddingDepth;
  const y = heightIndex(tiling, tile) * 8 - tiling.paddingHeight;
  const x = widthIndex(tiling, tile) * 2 * run - tiling.paddingWidth;
  expand(FROM_NINE, volume, imageIndex(tiling, tile), z, y, x, stridedPixels(run), slice, to, pointBytes);
}

/** The same of the results' gradient where the data gradient is computed: `run + 1` pixels, from the one before the run. */
export function stridedSpreadRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize): void {
  const z = depthIndex(tiling, tile) * 4 - 1;
  const y = heightIndex(tiling, tile) * 4 - 1;
  const x = widthIndex(tiling, tile) * run - 1;
  expand(FROM_FIVE, volume, imageIndex(tiling, tile), z, y, x, run + 1, slice, to, pointBytes);
}

/** The same of the results' gradient where the weight gradient is computed: `run` pixels and one of zeros. */
export function stridedGradientRows(volume: TiledVolume, tiling: Tiling, tile: i32, run: i32, slice: i32, to: usize, pointBytes: usize): void {
  const z = depthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const x = widthIndex(tiling, tile) * run;
  expand(FROM_FOUR, volume, imageIndex(tiling, tile), z, y, x, run, slice, to, pointBytes);
  const pixel = <usize>volume.channels << 2;
  for (let i: usize = 0; i < 9; i++) clear(to + i * pointBytes + <usize>run * pixel, pixel);
}

/** (memory.fill is a call into the engine, a hundred times slower for few bytes.) */
@inline
function clear(at: usize, bytes: usize): void {
  for (const end = at + bytes; at < end; at += 16) v128.store(at, f32x4.splat(0));
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

@inline
function expand(kind: i32, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, pixels: i32, slice: i32, to: usize, pointBytes: usize): void {
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  // What lies beside the volume, all of it where no plane of the slice is there.
  const left = max(0, min(pixels, -x));
  let right = max(left, min(pixels, volume.width - x));
  let planes = 0;
  let p0: usize = 0, p1: usize = 0, p2: usize = 0, p3: usize = 0;
  let f0: f32 = 0, f1: f32 = 0, f2: f32 = 0, f3: f32 = 0;
  for (let index = 0; index < kind; index++) {
    const factor = planeFactor(kind, slice, index);
    if (factor == 0 || <u32>(z + index) >= <u32>volume.depth) continue;
    const at = volume.address + <usize>((image * volume.depth + z + index) * volume.height + y) * row + <usize>(x + left) * pixel;
    if (planes == 0) { p0 = at; f0 = factor; }
    else if (planes == 1) { p1 = at; f1 = factor; }
    else if (planes == 2) { p2 = at; f2 = factor; }
    else { p3 = at; f3 = factor; }
    planes++;
  }
  if (planes == 0) right = left;
  const before = <usize>left * pixel;
  const after = <usize>right * pixel;
  for (let i: usize = 0; i < 9; i++) {
    clear(to + i * pointBytes, before);
    clear(to + i * pointBytes + after, <usize>pixels * pixel - after);
  }
  // Bit j: whether row j is there.
  let rows = 0;
  for (let j = 0; j < kind; j++) if (<u32>(y + j) < <u32>volume.height) rows |= 1 << j;
  const end = to + after;
  if (planes == 1 && f0 == 1)
    for (let out = to + before, at = p0; out < end; out += 16, at += 16)
      expandQuad(kind, true, rows, at, 0, 0, 0, f32x4.splat(1), f32x4.splat(0), f32x4.splat(0), f32x4.splat(0), row, out, pointBytes);
  else {
    // Planes that are not there are another one times 0.
    if (planes < 2) p1 = p0;
    if (planes < 3) p2 = p0;
    if (planes < 4) p3 = p0;
    const v0 = f32x4.splat(f0), v1 = f32x4.splat(f1), v2 = f32x4.splat(f2), v3 = f32x4.splat(f3);
    let at: usize = 0;
    for (let out = to + before; out < end; out += 16, at += 16)
      expandQuad(kind, false, rows, p0 + at, p1 + at, p2 + at, p3 + at, v0, v1, v2, v3, row, out, pointBytes);
  }
}

/** Four channels of the values of a slice in one row: `plain` ones are those of one plane. */
@inline
function rowValue(plain: bool, there: i32, p0: usize, p1: usize, p2: usize, p3: usize, v0: v128, v1: v128, v2: v128, v3: v128, row: usize): v128 {
  if (!there) return f32x4.splat(0);
  if (plain) return v128.load(p0 + row);
  return madd(v3, v128.load(p3 + row), madd(v2, v128.load(p2 + row), madd(v1, v128.load(p1 + row), f32x4.mul(v0, v128.load(p0 + row)))));
}

/** Four channels of all rows to nine points. */
@inline
function expandQuad(
  kind: i32, plain: bool, rows: i32, p0: usize, p1: usize, p2: usize, p3: usize, v0: v128, v1: v128, v2: v128, v3: v128, row: usize, to: usize, step: usize,
): void {
  if (kind == FROM_NINE) {
    for (let odd: usize = 1; odd < 9; odd += 2)
      v128.store(to + (5 + (odd >> 1)) * step, rowValue(plain, rows & (1 << <i32>odd), p0, p1, p2, p3, v0, v1, v2, v3, odd * row));
    stridedInputLine(
      rowValue(plain, rows & 1, p0, p1, p2, p3, v0, v1, v2, v3, 0),
      rowValue(plain, rows & 4, p0, p1, p2, p3, v0, v1, v2, v3, 2 * row),
      rowValue(plain, rows & 16, p0, p1, p2, p3, v0, v1, v2, v3, 4 * row),
      rowValue(plain, rows & 64, p0, p1, p2, p3, v0, v1, v2, v3, 6 * row),
      rowValue(plain, rows & 256, p0, p1, p2, p3, v0, v1, v2, v3, 8 * row),
      to, step,
    );
    return;
  }
  const a = rowValue(plain, rows & 1, p0, p1, p2, p3, v0, v1, v2, v3, 0);
  const b = rowValue(plain, rows & 2, p0, p1, p2, p3, v0, v1, v2, v3, row);
  const c = rowValue(plain, rows & 4, p0, p1, p2, p3, v0, v1, v2, v3, 2 * row);
  const d = rowValue(plain, rows & 8, p0, p1, p2, p3, v0, v1, v2, v3, 3 * row);
  if (kind == FROM_FIVE) {
    const e = rowValue(plain, rows & 16, p0, p1, p2, p3, v0, v1, v2, v3, 4 * row);
    stridedInputLine(a, b, c, d, e, to, step);
    storePlain(b, c, d, e, to, step);
  } else {
    stridedGradientLine(a, b, c, d, to, step);
    storePlain(a, b, c, d, to, step);
  }
}

@inline
function storePlain(a: v128, b: v128, c: v128, d: v128, to: usize, step: usize): void {
  v128.store(to + 5 * step, a);
  v128.store(to + 6 * step, b);
  v128.store(to + 7 * step, c);
  v128.store(to + 8 * step, d);
}

/**
 * Adds the products of slice `slice` of a tile to the results; slice 0 sets them. Row i of them is at `from + i · pointBytes`, its pixels have
 * `channels`, which are those of the volume or more.
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
  doubled: bool, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, pixels: i32, slice: i32, from: usize, pointBytes: usize, channels: i32,
  bias: usize, work: usize,
): void {
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const extent = doubled ? 8 : 4;
  const left = max(0, -x);
  const right = min(pixels, volume.width - x);
  const most = max(1, <i32>(CHUNK / pixel));
  for (let start = left; start < right; start += most) {
    const chunk = min(most, right - start);
    // Channels that do not fit a chunk are taken in parts.
    for (let channel: usize = 0; channel < pixel; channel += CHUNK) {
      const bytes = min<usize>(CHUNK, pixel - channel);
      let to = work;
      for (let i = start; i < start + chunk; i++) {
        const at = from + (<usize>(i * channels) << 2) + channel;
        for (let quad: usize = 0; quad < bytes; quad += 16, to += 16) collapseQuad(doubled, at + quad, pointBytes, to);
      }
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
          const out = volume.address + <usize>((image * volume.depth + z + p) * volume.height + y + j) * row + <usize>(x + start) * pixel + channel;
          const results = work + <usize>j * CHUNK;
          if (first) setRow(out, results, f32x4.splat(factor), chunk, bytes, pixel, bias == 0 ? 0 : bias + channel);
          else addRow(out, results, f32x4.splat(factor), <usize>chunk * bytes);
        }
      }
    }
  }
}

/** `chunk` is one pixel where not all of its channels are taken, so that rows have no gaps. */
@inline
function addRow(to: usize, from: usize, factor: v128, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 16, from += 16) v128.store(to, madd(factor, v128.load(from), v128.load(to)));
}

@inline
function setRow(to: usize, from: usize, factor: v128, pixels: i32, bytes: usize, pixel: usize, bias: usize): void {
  for (let i = 0; i < pixels; i++) {
    for (let quad: usize = 0; quad < bytes; quad += 16, from += 16) {
      const start = bias == 0 ? f32x4.splat(0) : v128.load(bias + quad);
      v128.store(to + quad, madd(factor, v128.load(from), start));
    }
    to += pixel;
  }
}

/** Nine points to four results, or to four even and four odd ones in turn, in rows of the work area. */
@inline
function collapseQuad(doubled: bool, from: usize, step: usize, to: usize): void {
  const plain = from + 5 * step;
  if (doubled) {
    stridedOutputLine(from, step, to, 2 * CHUNK);
    for (let i: usize = 0; i < 4; i++) v128.store(to + (2 * i + 1) * CHUNK, v128.load(plain + i * step));
  } else {
    stridedOutputLine(from, step, to, CHUNK);
    for (let i: usize = 0; i < 4; i++) v128.store(to + i * CHUNK, f32x4.add(v128.load(to + i * CHUNK), v128.load(plain + i * step)));
  }
}
