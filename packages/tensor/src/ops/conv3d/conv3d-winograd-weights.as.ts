/** Weights of Winograd's convolution: 27 (or 9) taps become 216 (or 36) points, in panels of eight target channels. */
import { madd } from '../../device/cpu/simd.as';
import { stridedWeightLine } from './conv3d-strided-lines.as';
import { weightFactor, weightLine } from './conv3d-winograd-lines.as';

/** Weights as they lie in memory, and how they are read. */
@unmanaged
export class WinogradTaps {
  /** `[taps, inputChannels, outputChannels]`. */
  weight: usize;
  /** Multiples of 4. */
  inputChannels: i32;
  outputChannels: i32;
  kernelDepth: i32;
  /** 1: the data gradient, which mirrors the kernel and swaps the channels. */
  transposed: i32;
  /** 1, or 2 for the points of conv3d-strided-lines.as.ts, whose taps along width are as channels: the kernel's depth and height are its only axes. */
  stride: i32;
}

@unmanaged
class WinogradWeights {
  weight: usize;
  inputChannels: i32;
  outputChannels: i32;
  kernelDepth: i32;
  transposed: i32;
  stride: i32;
  /** `[point, block of eight target channels, source channel, 8]`, points `pointBytes` apart. */
  to: usize;
  pointBytes: usize;
  scratch: usize;
  scratchBytes: i32;
}

/** Scratch of one thread: four squares of four source by four target channels with all their taps, a slice of one, and the rows of a transform. */
const TAP_BYTES: usize = 64;
const SQUARE_BYTES: usize = 27 * TAP_BYTES;
const SLICE_BYTES: usize = 9 * TAP_BYTES;
export const WEIGHT_WORK_BYTES: usize = (4 * SQUARE_BYTES + SLICE_BYTES + 18 * 16 + 63) & ~63;

/** One item: eight target channels, all points. */
export function conv3dWinogradWeights(p: WinogradWeights, item: i32, thread: i32): void {
  const taps = changetype<WinogradTaps>(changetype<usize>(p));
  const sourceChannels = p.transposed ? p.outputChannels : p.inputChannels;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  weightPanels(taps, 0, p.kernelDepth == 3 ? 6 : 1, 0, sourceChannels, item << 3, 1, p.to + (<usize>(item * sourceChannels) << 5), p.pointBytes, work);
}

/**
 * Some slices of 36 points of the source channels from `firstSource` to `lastSource` and of `blocks` times eight target channels from `firstTarget`:
 * `[point, block, source channel, 8]`. Weights are read sixteen channels at a time, which are a cache line: taps that are a power of two bytes
 * apart fall on the same few places of a cache, where no line would stay until its next channels are wanted.
 */
export function weightPanels(
  taps: WinogradTaps,
  firstSlice: i32,
  lastSlice: i32,
  firstSource: i32,
  lastSource: i32,
  firstTarget: i32,
  blocks: i32,
  panels: usize,
  pointBytes: usize,
  work: usize,
): void {
  const sources = lastSource - firstSource;
  const end = firstTarget + (blocks << 3);
  const lastTarget = min(end, taps.transposed ? taps.inputChannels : taps.outputChannels);
  const sourceStep = taps.transposed ? 16 : 4;
  const targetStep = taps.transposed ? 4 : 16;
  for (let source = firstSource; source < lastSource; source += sourceStep) {
    for (let target = firstTarget; target < lastTarget; target += targetStep) {
      const squares = min(16, taps.transposed ? lastSource - source : lastTarget - target) >> 2;
      if (taps.transposed) loadMirrored(taps, work, source, target, squares);
      else loadTaps(taps, work, source, target, squares);
      for (let square = 0; square < squares; square++) {
        const squareSource = source - firstSource + (taps.transposed ? square << 2 : 0);
        const squareTarget = target - firstTarget + (taps.transposed ? 0 : square << 2);
        const to = panelAt(panels, sources, squareSource, squareTarget);
        transformSquare(taps, firstSlice, lastSlice, work + <usize>square * SQUARE_BYTES, to, pointBytes, work + 4 * SQUARE_BYTES);
      }
    }
    // What fills up the last block of eight: `lastTarget` is a multiple of four.
    if (lastTarget < end) {
      const points = (lastSlice - firstSlice) * 36;
      for (let row = source; row < min(source + sourceStep, lastSource); row++) {
        const to = panelAt(panels, sources, row - firstSource, lastTarget - firstTarget);
        for (let point = 0; point < points; point++) v128.store(to + <usize>point * pointBytes, f32x4.splat(0));
      }
    }
  }
}

/** Where the first point of a source channel and of target channel `target`, a multiple of four, lies in the panels. */
@inline
function panelAt(panels: usize, sourceChannels: i32, source: i32, target: i32): usize {
  return panels + (<usize>((target >> 3) * sourceChannels + source) << 5) + (<usize>(target & 4) << 2);
}

/** Four source × four target channels: 27 (or 9) taps to 36 points for each slice. */
function transformSquare(taps: WinogradTaps, firstSlice: i32, lastSlice: i32, from: usize, to: usize, pointBytes: usize, work: usize): void {
  const rows = work + SLICE_BYTES;
  if (taps.kernelDepth != 3) {
    if (taps.stride == 2) for (let lane: usize = 0; lane < 4; lane++) transformTaps(true, from + (lane << 4), to + (lane << 5), pointBytes, rows);
    else for (let lane: usize = 0; lane < 4; lane++) transformTaps(false, from + (lane << 4), to + (lane << 5), pointBytes, rows);
    return;
  }
  for (let slice = firstSlice; slice < lastSlice; slice++) {
    const first = f32x4.splat(weightFactor(slice, 0));
    const second = f32x4.splat(weightFactor(slice, 1));
    const third = f32x4.splat(weightFactor(slice, 2));
    for (let at: usize = 0; at < SLICE_BYTES; at += 16) {
      const value = madd(second, v128.load(from + at, SLICE_BYTES), f32x4.mul(first, v128.load(from + at)));
      v128.store(work + at, madd(third, v128.load(from + at, 2 * SLICE_BYTES), value));
    }
    for (let lane: usize = 0; lane < 4; lane++) transformTaps(false, work + (lane << 4), to + (lane << 5), pointBytes, rows);
    to += 36 * pointBytes;
  }
}

/** Squares of four source × four target channels of each tap, one after the other along target channels, which are the lanes. */
@inline
function loadTaps(taps: WinogradTaps, to: usize, source: i32, target: i32, squares: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  let from = taps.weight + <usize>source * row + (<usize>target << 2);
  for (let tap = 0; tap < 9 * taps.kernelDepth; tap++) {
    for (let lane: usize = 0; lane < 4; lane++) {
      let out = to + (lane << 4);
      for (let square: usize = 0; square < <usize>squares; square++) {
        v128.store(out, v128.load(from + lane * row + (square << 4)));
        out += SQUARE_BYTES;
      }
    }
    to += TAP_BYTES;
    from += tapBytes;
  }
}

/** The same of the mirrored kernel, whose target channels are the rows of `weight`, along source channels. */
@inline
function loadMirrored(taps: WinogradTaps, to: usize, source: i32, target: i32, squares: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  const count = 9 * taps.kernelDepth;
  let from = taps.weight + <usize>(count - 1) * tapBytes + <usize>target * row + (<usize>source << 2);
  for (let tap = 0; tap < count; tap++) {
    for (let square: usize = 0; square < <usize>squares; square++) {
      const at = from + (square << 4);
      const a = v128.load(at);
      const b = v128.load(at + row);
      const c = v128.load(at + 2 * row);
      const d = v128.load(at + 3 * row);
      const lowAb = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const highAb = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const lowCd = i32x4.shuffle(c, d, 0, 4, 1, 5);
      const highCd = i32x4.shuffle(c, d, 2, 6, 3, 7);
      const out = to + square * SQUARE_BYTES;
      v128.store(out, i64x2.shuffle(lowAb, lowCd, 0, 2));
      v128.store(out, i64x2.shuffle(lowAb, lowCd, 1, 3), 16);
      v128.store(out, i64x2.shuffle(highAb, highCd, 0, 2), 32);
      v128.store(out, i64x2.shuffle(highAb, highCd, 1, 3), 48);
    }
    to += TAP_BYTES;
    from -= tapBytes;
  }
}

/** Transforms nine taps at `taps` (`TAP_BYTES` apart) along rows, then along columns. */
@inline
function transformTaps(strided: bool, taps: usize, to: usize, pointBytes: usize, rows: usize): void {
  for (let row: usize = 0; row < 3; row++) {
    const from = taps + row * 192;
    line(strided, v128.load(from), v128.load(from, 64), v128.load(from, 128), rows + row * 96, 16);
  }
  for (let column: usize = 0; column < 6; column++) {
    const from = rows + (column << 4);
    line(strided, v128.load(from), v128.load(from, 96), v128.load(from, 192), to + column * pointBytes, 6 * pointBytes);
  }
}

@inline
function line(strided: bool, g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  if (strided) stridedWeightLine(g0, g1, g2, to, step);
  else weightLine(g0, g1, g2, to, step);
}
