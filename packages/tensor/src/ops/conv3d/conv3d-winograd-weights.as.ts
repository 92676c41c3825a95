/** Weights of Winograd's convolution: 27 (or 9) taps become 216 (or 36) points, in panels of eight target channels. */
import { madd } from '../../device/cpu/simd.as';
import { stridedWeightFactor, stridedWeightLine } from './conv3d-strided-lines.as';
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
  /** 1, or 2 for the points of conv3d-strided-lines.as.ts. */
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

/** Scratch of one thread: taps of four source channels, and the rows of one. */
const WORK_TAPS: usize = 27 * 4 * 16;
export const WEIGHT_WORK_BYTES: usize = (WORK_TAPS + 18 * 16 + 63) & ~63;

/** One item: eight target channels, all points. */
export function conv3dWinogradWeights(p: WinogradWeights, item: i32, thread: i32): void {
  const taps = changetype<WinogradTaps>(changetype<usize>(p));
  const sourceChannels = p.transposed ? p.outputChannels : p.inputChannels;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  let panel = p.to + (<usize>(item * sourceChannels) << 5);
  for (let slice = 0; slice < (p.kernelDepth == 3 ? 6 : 1); slice++) {
    weightPanel(taps, slice, item << 3, panel, p.pointBytes, work);
    panel += 36 * p.pointBytes;
  }
}

/** A slice of 36 points of the eight target channels from `firstTarget`, for all source channels: `[point, source channel, 8]`. */
export function weightPanel(taps: WinogradTaps, slice: i32, firstTarget: i32, panel: usize, pointBytes: usize, work: usize): void {
  const sourceChannels = taps.transposed ? taps.outputChannels : taps.inputChannels;
  const targetChannels = taps.transposed ? taps.inputChannels : taps.outputChannels;
  const depth = taps.kernelDepth == 3;
  const strided = taps.stride == 2;
  const first = f32x4.splat(!depth ? 1 : strided ? stridedWeightFactor(slice, 0) : weightFactor(slice, 0));
  const second = f32x4.splat(strided ? stridedWeightFactor(slice, 1) : weightFactor(slice, 1));
  const third = f32x4.splat(strided ? stridedWeightFactor(slice, 2) : weightFactor(slice, 2));
  for (let source = 0; source < sourceChannels; source += 4) {
    for (let half = 0; half < 8; half += 4) {
      const target = firstTarget + half;
      const to = panel + (<usize>source << 5) + (<usize>half << 2);
      if (target >= targetChannels) {
        for (let point: usize = 0; point < 36; point++)
          for (let lane: usize = 0; lane < 4; lane++) v128.store(to + point * pointBytes + (lane << 5), f32x4.splat(0));
        continue;
      }
      if (taps.transposed) loadMirrored(taps, work, source, target);
      else loadTaps(taps, work, source, target);
      for (let at = work; at < work + 9 * 64; at += 16) {
        let value = f32x4.mul(first, v128.load(at));
        if (depth) value = madd(third, v128.load(at, 18 * 64), madd(second, v128.load(at, 9 * 64), value));
        v128.store(at, value);
      }
      const rows = work + WORK_TAPS;
      if (strided) for (let lane: usize = 0; lane < 4; lane++) transformTaps(true, work + (lane << 4), to + (lane << 5), pointBytes, rows);
      else for (let lane: usize = 0; lane < 4; lane++) transformTaps(false, work + (lane << 4), to + (lane << 5), pointBytes, rows);
    }
  }
}

/** Four source channels × four target channels of each tap; the target channels are the lanes. */
@inline
function loadTaps(taps: WinogradTaps, to: usize, source: i32, target: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  let from = taps.weight + <usize>source * row + (<usize>target << 2);
  for (let tap = 0; tap < 9 * taps.kernelDepth; tap++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from + row), 16);
    v128.store(to, v128.load(from + 2 * row), 32);
    v128.store(to, v128.load(from + 3 * row), 48);
    to += 64;
    from += tapBytes;
  }
}

/** The same of the mirrored kernel, whose target channels are the rows of `weight`. */
@inline
function loadMirrored(taps: WinogradTaps, to: usize, source: i32, target: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  const count = 9 * taps.kernelDepth;
  let from = taps.weight + <usize>(count - 1) * tapBytes + <usize>target * row + (<usize>source << 2);
  for (let tap = 0; tap < count; tap++) {
    const a = v128.load(from);
    const b = v128.load(from + row);
    const c = v128.load(from + 2 * row);
    const d = v128.load(from + 3 * row);
    const lowAb = i32x4.shuffle(a, b, 0, 4, 1, 5);
    const highAb = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const lowCd = i32x4.shuffle(c, d, 0, 4, 1, 5);
    const highCd = i32x4.shuffle(c, d, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(lowAb, lowCd, 0, 2));
    v128.store(to, i64x2.shuffle(lowAb, lowCd, 1, 3), 16);
    v128.store(to, i64x2.shuffle(highAb, highCd, 0, 2), 32);
    v128.store(to, i64x2.shuffle(highAb, highCd, 1, 3), 48);
    to += 64;
    from -= tapBytes;
  }
}

/** Transforms nine taps at `taps` (64 bytes apart) along rows, then along columns. */
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
