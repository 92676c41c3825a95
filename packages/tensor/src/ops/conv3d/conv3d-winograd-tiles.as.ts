/**
 * Tiles of Winograd's convolution, F(2,3) along depth × F(4,3) along height and width: 2×4×4 results from 4×6×6 values through 144 products
 * for each pair of channels, where the plain way takes 864. A kernel of depth 1 has tiles of 1×4×4 and 36 points.
 *
 * Points come in slices of 36, one for each point along depth: each needs two planes of the input only, so a slice can be made alone.
 * Transforms go 16 channels at a time, a cache line, through a work area in the first-level cache.
 */
import { gradientLine, inputLine, outputLine, splat } from './conv3d-winograd-lines.as';
import { madd } from '../../device/cpu/simd.as';

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

/** How tiles lie: how many there are on each axis, results that each has along depth (2 or 1), where their inputs start. */
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

/** Bytes of the work area for `channels` channels: 16 channels of a slice in two stages, and two planes of a tile. */
export function workBytes(channels: i32): usize {
  return 2 * 36 * 64 + ((2 * 36 * <usize>channels) << 2);
}

/** Slices of 36 points that a tile has. */
@inline
export function slices(tiling: Tiling): i32 {
  return tiling.tileDepth == 2 ? 4 : 1;
}

/**
 * Transforms slice `slice` of the input of tile `tile`: point i of channel c goes to `to + i · planeBytes + 4 · c`.
 */
export function inputSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  let rest = tile / tiling.tilesWidth;
  const x = (tile % tiling.tilesWidth) * 4 - tiling.paddingWidth;
  const y = (rest % tiling.tilesHeight) * 4 - tiling.paddingHeight;
  rest /= tiling.tilesHeight;
  const z = (rest % tiling.tilesDepth) * tiling.tileDepth - tiling.paddingDepth;
  const image = rest / tiling.tilesDepth;
  // Points 0, 1, −1, ∞ of F(2,3): plane 0 − 2, 1 + 2, 2 − 1, 1 − 3.
  const first = tiling.tileDepth == 1 ? 0 : slice == 0 ? 0 : slice == 2 ? 2 : 1;
  const second = tiling.tileDepth == 1 ? 0 : slice == 0 ? 2 : slice == 1 ? 2 : slice == 2 ? 1 : 3;
  const sign: f32 = tiling.tileDepth == 1 ? 0 : slice == 1 ? 1 : -1;

  let pixelBytes = <usize>volume.channels << 2;
  let rowBytes = <usize>volume.width * pixelBytes;
  const planesBytes = <usize>volume.height * rowBytes;
  const corner = volume.address + <usize>(image * volume.depth) * planesBytes + <usize>y * rowBytes + <usize>x * pixelBytes;
  let left = corner + <usize>(z + first) * planesBytes;
  let right = corner + <usize>(z + second) * planesBytes;
  const inside =
    y >= 0 && x >= 0 && y + 6 <= volume.height && x + 6 <= volume.width &&
    <u32>(z + first) < <u32>volume.depth && <u32>(z + second) < <u32>volume.depth;
  if (!inside) {
    const copies = work + 2 * 36 * 64;
    copyPlane(volume, <u32>(z + first) < <u32>volume.depth, left, y, x, 6, copies);
    copyPlane(volume, <u32>(z + second) < <u32>volume.depth, right, y, x, 6, copies + 36 * pixelBytes);
    left = copies;
    right = copies + 36 * pixelBytes;
    rowBytes = 6 * pixelBytes;
  }

  const signs = splat(sign);
  for (let channel: usize = 0; channel < pixelBytes; channel += 64) {
    const quads = min<usize>(64, pixelBytes - channel);
    for (let row: usize = 0; row < 6; row++) {
      const a = left + row * rowBytes + channel;
      const b = right + row * rowBytes + channel;
      for (let quad: usize = 0; quad < quads; quad += 16) {
        const p = a + quad;
        const q = b + quad;
        inputLine(
          madd(signs, v128.load(q), v128.load(p)),
          madd(signs, v128.load(q + pixelBytes), v128.load(p + pixelBytes)),
          madd(signs, v128.load(q + 2 * pixelBytes), v128.load(p + 2 * pixelBytes)),
          madd(signs, v128.load(q + 3 * pixelBytes), v128.load(p + 3 * pixelBytes)),
          madd(signs, v128.load(q + 4 * pixelBytes), v128.load(p + 4 * pixelBytes)),
          madd(signs, v128.load(q + 5 * pixelBytes), v128.load(p + 5 * pixelBytes)),
          work + row * 384 + quad,
          64,
        );
      }
    }
    for (let column: usize = 0; column < 6; column++) {
      for (let quad: usize = 0; quad < quads; quad += 16) {
        const p = work + column * 64 + quad;
        inputLine(
          v128.load(p),
          v128.load(p, 384),
          v128.load(p, 768),
          v128.load(p, 1152),
          v128.load(p, 1536),
          v128.load(p, 1920),
          to + column * planeBytes + channel + quad,
          6 * planeBytes,
        );
      }
    }
  }
}

/** Transforms slice `slice` of dy (2×4×4 values, none of which depends on padding) of tile `tile`. */
export function gradientSlice(volume: TiledVolume, tiling: Tiling, tile: i32, slice: i32, to: usize, planeBytes: usize, work: usize): void {
  let rest = tile / tiling.tilesWidth;
  const x = (tile % tiling.tilesWidth) * 4;
  const y = (rest % tiling.tilesHeight) * 4;
  rest /= tiling.tilesHeight;
  const z = (rest % tiling.tilesDepth) * tiling.tileDepth;
  const image = rest / tiling.tilesDepth;
  // Plane 0, 0 + 1, 0 − 1, −1.
  const signFirst: f32 = slice == 3 ? 0 : 1;
  const signSecond: f32 = tiling.tileDepth == 1 ? 0 : slice == 0 ? 0 : slice == 1 ? 1 : -1;

  let pixelBytes = <usize>volume.channels << 2;
  let rowBytes = <usize>volume.width * pixelBytes;
  const planesBytes = <usize>volume.height * rowBytes;
  let left = volume.address + <usize>(image * volume.depth + z) * planesBytes + <usize>y * rowBytes + <usize>x * pixelBytes;
  let right = tiling.tileDepth == 1 ? left : left + planesBytes;
  const secondInside = tiling.tileDepth == 1 || z + 1 < volume.depth;
  if (y + 4 > volume.height || x + 4 > volume.width || !secondInside) {
    const copies = work + 2 * 36 * 64;
    copyPlane(volume, true, left, y, x, 4, copies);
    copyPlane(volume, secondInside, right, y, x, 4, copies + 16 * pixelBytes);
    left = copies;
    right = copies + 16 * pixelBytes;
    rowBytes = 4 * pixelBytes;
  }

  const firsts = splat(signFirst);
  const seconds = splat(signSecond);
  for (let channel: usize = 0; channel < pixelBytes; channel += 64) {
    const quads = min<usize>(64, pixelBytes - channel);
    for (let row: usize = 0; row < 4; row++) {
      const a = left + row * rowBytes + channel;
      const b = right + row * rowBytes + channel;
      for (let quad: usize = 0; quad < quads; quad += 16) {
        const p = a + quad;
        const q = b + quad;
        gradientLine(
          madd(seconds, v128.load(q), f32x4.mul(firsts, v128.load(p))),
          madd(seconds, v128.load(q + pixelBytes), f32x4.mul(firsts, v128.load(p + pixelBytes))),
          madd(seconds, v128.load(q + 2 * pixelBytes), f32x4.mul(firsts, v128.load(p + 2 * pixelBytes))),
          madd(seconds, v128.load(q + 3 * pixelBytes), f32x4.mul(firsts, v128.load(p + 3 * pixelBytes))),
          work + row * 384 + quad,
          64,
        );
      }
    }
    for (let column: usize = 0; column < 6; column++) {
      for (let quad: usize = 0; quad < quads; quad += 16) {
        const p = work + column * 64 + quad;
        gradientLine(
          v128.load(p),
          v128.load(p, 384),
          v128.load(p, 768),
          v128.load(p, 1152),
          to + column * planeBytes + channel + quad,
          6 * planeBytes,
        );
      }
    }
  }
}

/** Copies `extent`² pixels of a plane with zeros where they lie outside; `corner` is the (virtual) address of the first. */
function copyPlane(volume: TiledVolume, exists: bool, corner: usize, y: i32, x: i32, extent: i32, to: usize): void {
  const pixelBytes = <usize>volume.channels << 2;
  const rowBytes = <usize>volume.width * pixelBytes;
  for (let row = 0; row < extent; row++) {
    const rowExists = exists && <u32>(y + row) < <u32>volume.height;
    for (let column = 0; column < extent; column++) {
      const end = to + pixelBytes;
      if (rowExists && <u32>(x + column) < <u32>volume.width) {
        let from = corner + <usize>row * rowBytes + <usize>column * pixelBytes;
        for (; to < end; to += 16) {
          v128.store(to, v128.load(from));
          from += 16;
        }
      } else for (; to < end; to += 16) v128.store(to, splat(0));
    }
  }
}

/** Turns the products of a tile (point i of channel c at `from + i · planeBytes + 4 · c`) into results, with the bias (or 0). */
export function outputTile(volume: TiledVolume, tiling: Tiling, tile: i32, from: usize, planeBytes: usize, bias: usize, work: usize): void {
  let rest = tile / tiling.tilesWidth;
  const x = (tile % tiling.tilesWidth) * 4;
  const y = (rest % tiling.tilesHeight) * 4;
  rest /= tiling.tilesHeight;
  const z = (rest % tiling.tilesDepth) * tiling.tileDepth;
  const image = rest / tiling.tilesDepth;
  const pixelBytes = <usize>volume.channels << 2;
  const rowBytes = <usize>volume.width * pixelBytes;
  const planesBytes = <usize>volume.height * rowBytes;
  const to = volume.address + <usize>(image * volume.depth + z) * planesBytes + <usize>y * rowBytes + <usize>x * pixelBytes;
  const rows = min(4, volume.height - y);
  const columns = min(4, volume.width - x);
  const sliceBytes: usize = 36 * planeBytes;
  const zero = splat(0);
  for (let channel: usize = 0; channel < pixelBytes; channel += 16) {
    const start = bias == 0 ? zero : v128.load(bias + channel);
    for (let plane = 0; plane < tiling.tileDepth && z + plane < volume.depth; plane++) {
      // Along depth: 0 + 1 + (−1), 1 − (−1) − ∞. Then columns of the slice, then rows.
      let p = from + channel;
      for (let point: usize = 0; point < 36; point++) {
        let sum: v128;
        if (tiling.tileDepth == 1) sum = v128.load(p);
        else if (plane == 0) sum = f32x4.add(f32x4.add(v128.load(p), v128.load(p + sliceBytes)), v128.load(p + 2 * sliceBytes));
        else sum = f32x4.sub(f32x4.sub(v128.load(p + sliceBytes), v128.load(p + 2 * sliceBytes)), v128.load(p + 3 * sliceBytes));
        v128.store(work + (point << 4), sum);
        p += planeBytes;
      }
      for (let column: usize = 0; column < 6; column++) outputLine(work + (column << 4), 96, work + 576 + (column << 4), 96, zero, 4);
      let out = to + <usize>plane * planesBytes + channel;
      for (let row = 0; row < rows; row++) {
        outputLine(work + 576 + <usize>row * 96, 16, out, pixelBytes, start, columns);
        out += rowBytes;
      }
    }
  }
}
