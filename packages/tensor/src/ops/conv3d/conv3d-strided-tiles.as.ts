/**
 * Tiles of a 3×3×3 convolution with stride 2 along all axes (conv3d-strided-lines.as.ts): 9×9×9 values to 4×4×4 results through 729 products.
 * Its data gradient has tiles of 5×5×5 values and 8×8×8 results with the same products: even results from the transformed points, odd ones
 * from the plain ones.
 *
 * Points come in nine slices of 81, one for each point along depth. A slice is made, multiplied and transformed back alone, and adds
 * to the results, so that what a block of tiles needs stays in the second-level cache. 16 channels at a time, as in conv3d-winograd-tiles.as.ts.
 */
import { madd } from '../../device/cpu/simd.as';
import {
  stridedGradientLine, stridedInputFactor, stridedInputLine, stridedOutputFactor, stridedOutputLine,
} from './conv3d-strided-lines.as';
import { clearPoint, depthIndex, heightIndex, imageIndex, TiledVolume, Tiling, widthIndex } from './conv3d-winograd-tiles.as';

const POINT: usize = 64;
/** Two planes of 9×9 points of 16 channels. */
export const STRIDED_WORK_BYTES: usize = 2 * 81 * POINT;

/** What a line of values becomes: nine points from nine values, five values or four values of a gradient of results. */
const FROM_NINE: i32 = 9;
const FROM_FIVE: i32 = 5;
const FROM_FOUR: i32 = 4;

/** The slice's place of the transformed values `to`: 81 points `planeBytes` apart, see `inputTile`. */
export function stridedInputSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 8 - tiling.paddingDepth;
  const y = heightIndex(tiling, tile) * 8 - tiling.paddingHeight;
  const x = widthIndex(tiling, tile) * 8 - tiling.paddingWidth;
  expand(FROM_NINE, volume, imageIndex(tiling, tile), z, y, x, slice, to, planeBytes, work);
}

/** The same of the results' gradient, where the data gradient is computed. */
export function stridedSpreadSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 4 - 1;
  const y = heightIndex(tiling, tile) * 4 - 1;
  const x = widthIndex(tiling, tile) * 4 - 1;
  expand(FROM_FIVE, volume, imageIndex(tiling, tile), z, y, x, slice, to, planeBytes, work);
}

/** The same of the results' gradient, where the weight gradient is computed. */
export function stridedGradientSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const x = widthIndex(tiling, tile) * 4;
  expand(FROM_FOUR, volume, imageIndex(tiling, tile), z, y, x, slice, to, planeBytes, work);
}

/** The value that slice `slice` takes of plane `index`: its factor. */
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
function expand(kind: i32, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const plane = <usize>volume.height * row;
  // Up to four planes with a factor that is not 0; the others' addresses are never read.
  let planes = 0;
  let p0: usize = 0, p1: usize = 0, p2: usize = 0, p3: usize = 0;
  let f0: f32 = 0, f1: f32 = 0, f2: f32 = 0, f3: f32 = 0;
  for (let index = 0; index < kind; index++) {
    const factor = planeFactor(kind, slice, index);
    if (factor == 0 || <u32>(z + index) >= <u32>volume.depth) continue;
    const at = volume.address + <usize>(image * volume.depth + z + index) * plane + <usize>y * row + <usize>x * pixel;
    if (planes == 0) { p0 = at; f0 = factor; }
    else if (planes == 1) { p1 = at; f1 = factor; }
    else if (planes == 2) { p2 = at; f2 = factor; }
    else { p3 = at; f3 = factor; }
    planes++;
  }
  const v0 = f32x4.splat(f0), v1 = f32x4.splat(f1), v2 = f32x4.splat(f2), v3 = f32x4.splat(f3);
  const lines = work + 81 * POINT;
  for (let channel: usize = 0; channel < pixel; channel += 64) {
    const bytes = min<usize>(64, pixel - channel);
    for (let j = 0; j < kind; j++) {
      for (let i = 0; i < kind; i++) {
        let out = work + <usize>(j * 9 + i) * POINT;
        const end = out + bytes;
        let at = <usize>j * row + <usize>i * pixel + channel;
        if (planes == 0 || <u32>(y + j) >= <u32>volume.height || <u32>(x + i) >= <u32>volume.width) clearPoint(out);
        else if (planes == 1) for (; out < end; out += 16, at += 16) v128.store(out, f32x4.mul(v0, v128.load(p0 + at)));
        else if (planes == 2)
          for (; out < end; out += 16, at += 16) v128.store(out, madd(v1, v128.load(p1 + at), f32x4.mul(v0, v128.load(p0 + at))));
        else if (planes == 3)
          for (; out < end; out += 16, at += 16)
            v128.store(out, madd(v2, v128.load(p2 + at), madd(v1, v128.load(p1 + at), f32x4.mul(v0, v128.load(p0 + at)))));
        else
          for (; out < end; out += 16, at += 16)
            v128.store(
              out,
              madd(v3, v128.load(p3 + at), madd(v2, v128.load(p2 + at), madd(v1, v128.load(p1 + at), f32x4.mul(v0, v128.load(p0 + at))))),
            );
      }
    }
    for (let j = 0; j < kind; j++) expandLine(kind, work + <usize>j * 9 * POINT, POINT, lines + <usize>j * 9 * POINT, POINT, bytes);
    for (let i: usize = 0; i < 9; i++) expandLine(kind, lines + i * POINT, 9 * POINT, to + channel + i * planeBytes, 9 * planeBytes, bytes);
  }
}

/** A line of values to nine points, for `bytes` of channels. */
@inline
function expandLine(kind: i32, from: usize, fromStep: usize, to: usize, step: usize, bytes: usize): void {
  for (let quad: usize = 0; quad < bytes; quad += 16) {
    const p = from + quad;
    const q = to + quad;
    if (kind == FROM_FOUR) {
      const y0 = v128.load(p), y1 = v128.load(p + fromStep), y2 = v128.load(p + 2 * fromStep), y3 = v128.load(p + 3 * fromStep);
      stridedGradientLine(y0, y1, y2, y3, q, step);
      v128.store(q + 5 * step, y0);
      v128.store(q + 6 * step, y1);
      v128.store(q + 7 * step, y2);
      v128.store(q + 8 * step, y3);
    } else {
      const evens = kind == FROM_NINE ? fromStep << 1 : fromStep;
      const odds = p + fromStep;
      stridedInputLine(v128.load(p), v128.load(p + evens), v128.load(p + 2 * evens), v128.load(p + 3 * evens), v128.load(p + 4 * evens), q, step);
      v128.store(q + 5 * step, v128.load(odds));
      v128.store(q + 6 * step, v128.load(odds + evens));
      v128.store(q + 7 * step, v128.load(odds + 2 * evens));
      v128.store(q + 8 * step, v128.load(odds + 3 * evens));
    }
  }
}

/** Adds the products of slice `slice` of a tile (point i of channel c at `from + i · planeBytes + 4 · c`) to the results; slice 0 sets them. */
export function stridedOutputSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, from: usize, planeBytes: usize, bias: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 4;
  const y = heightIndex(tiling, tile) * 4;
  const x = widthIndex(tiling, tile) * 4;
  collapse(false, volume, imageIndex(tiling, tile), z, y, x, slice, from, planeBytes, bias, work);
}

/** The same for the data gradient, whose tiles have 8×8×8 results. */
export function stridedGatherSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, from: usize, planeBytes: usize, bias: usize, work: usize): void {
  const z = depthIndex(tiling, tile) * 8 - tiling.paddingDepth;
  const y = heightIndex(tiling, tile) * 8 - tiling.paddingHeight;
  const x = widthIndex(tiling, tile) * 8 - tiling.paddingWidth;
  collapse(true, volume, imageIndex(tiling, tile), z, y, x, slice, from, planeBytes, bias, work);
}

@inline
function collapse(doubled: bool, volume: TiledVolume, image: i32, z: i32, y: i32, x: i32, slice: i32, from: usize, planeBytes: usize, bias: usize, work: usize): void {
  const pixel = <usize>volume.channels << 2;
  const row = <usize>volume.width * pixel;
  const plane = <usize>volume.height * row;
  const extent = doubled ? 8 : 4;
  const results = work + 81 * POINT;
  for (let channel: usize = 0; channel < pixel; channel += 64) {
    const bytes = min<usize>(64, pixel - channel);
    for (let i: usize = 0; i < 9; i++) collapseLine(doubled, from + channel + i * planeBytes, 9 * planeBytes, work + i * POINT, 9 * POINT, bytes);
    for (let j = 0; j < extent; j++) collapseLine(doubled, work + <usize>j * 9 * POINT, POINT, results + <usize>j * 9 * POINT, POINT, bytes);
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
      const factors = f32x4.splat(factor);
      const corner = volume.address + <usize>(image * volume.depth + z + p) * plane + channel;
      for (let j = 0; j < extent; j++) {
        if (<u32>(y + j) >= <u32>volume.height) continue;
        for (let i = 0; i < extent; i++) {
          if (<u32>(x + i) >= <u32>volume.width) continue;
          const out = corner + <usize>(y + j) * row + <usize>(x + i) * pixel;
          const at = results + <usize>(j * 9 + i) * POINT;
          for (let quad: usize = 0; quad < bytes; quad += 16) {
            let start = f32x4.splat(0);
            if (!first) start = v128.load(out + quad);
            else if (bias != 0) start = v128.load(bias + channel + quad);
            v128.store(out + quad, madd(factors, v128.load(at + quad), start));
          }
        }
      }
    }
  }
}

/** Nine points to four results, or to four even and four odd ones in turn. */
@inline
function collapseLine(doubled: bool, from: usize, fromStep: usize, to: usize, step: usize, bytes: usize): void {
  for (let quad: usize = 0; quad < bytes; quad += 16) {
    const p = from + quad;
    const q = to + quad;
    const plain = p + 5 * fromStep;
    if (doubled) {
      stridedOutputLine(p, fromStep, q, step << 1);
      for (let i: usize = 0; i < 4; i++) v128.store(q + (2 * i + 1) * step, v128.load(plain + i * fromStep));
    } else {
      stridedOutputLine(p, fromStep, q, step);
      for (let i: usize = 0; i < 4; i++) v128.store(q + i * step, f32x4.add(v128.load(q + i * step), v128.load(plain + i * fromStep)));
    }
  }
}
