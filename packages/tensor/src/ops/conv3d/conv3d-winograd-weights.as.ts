/** Weights of Winograd's convolution: 27 (or 9) taps become 144 (or 36) points, in panels of eight target channels. */
import { weightLine } from './conv3d-winograd-lines.as';

@unmanaged
class WinogradWeights {
  /** `[taps, inputChannels, outputChannels]`. */
  weight: usize;
  /** `[point, block of eight target channels, source channel, 8]`, points `pointBytes` apart. */
  to: usize;
  pointBytes: usize;
  scratch: usize;
  scratchBytes: i32;
  /** Multiples of 4. */
  inputChannels: i32;
  outputChannels: i32;
  kernelDepth: i32;
  /** 1: the data gradient, which mirrors the kernel and swaps the channels. */
  transposed: i32;
}

/** Scratch of one thread: taps of four source channels, and the two stages of one. */
const WORK_TAPS: usize = 27 * 4 * 16;
const WORK_DEPTH: usize = 36 * 16;

/** One item: four source channels, all target channels. */
export function conv3dWinogradWeights(p: WinogradWeights, item: i32, thread: i32): void {
  const sourceChannels = p.transposed ? p.outputChannels : p.inputChannels;
  const targetChannels = p.transposed ? p.inputChannels : p.outputChannels;
  const blocks = (targetChannels + 7) >> 3;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  for (let target = 0; target < blocks << 3; target += 4) {
    const panel = p.to + (<usize>((target >> 3) * sourceChannels + item * 4) << 5) + ((<usize>target & 4) << 2);
    if (target >= targetChannels) {
      for (let point = 0; point < (p.kernelDepth == 3 ? 144 : 36); point++)
        for (let source = 0; source < 4; source++)
          v128.store(panel + <usize>point * p.pointBytes + (<usize>source << 5), f32x4.splat(0));
      continue;
    }
    if (p.transposed) loadMirrored(p, work, item * 4, target);
    else loadTaps(p, work, item * 4, target);
    for (let source: usize = 0; source < 4; source++) transformTaps(p, work + (source << 4), panel + (source << 5), work + WORK_TAPS);
  }
}

/** Four source channels × four target channels of each tap; the target channels are the lanes. */
function loadTaps(p: WinogradWeights, to: usize, source: i32, target: i32): void {
  const row = <usize>p.outputChannels << 2;
  const tapBytes = <usize>p.inputChannels * row;
  let from = p.weight + <usize>source * row + (<usize>target << 2);
  for (let tap = 0; tap < 9 * p.kernelDepth; tap++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from + row), 16);
    v128.store(to, v128.load(from + 2 * row), 32);
    v128.store(to, v128.load(from + 3 * row), 48);
    to += 64;
    from += tapBytes;
  }
}

/** The same of the mirrored kernel, whose target channels are the rows of `weight`. */
function loadMirrored(p: WinogradWeights, to: usize, source: i32, target: i32): void {
  const row = <usize>p.outputChannels << 2;
  const tapBytes = <usize>p.inputChannels * row;
  const taps = 9 * p.kernelDepth;
  let from = p.weight + <usize>(taps - 1) * tapBytes + <usize>target * row + (<usize>source << 2);
  for (let tap = 0; tap < taps; tap++) {
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

/** Transforms the taps at `taps` (64 bytes apart) along depth, then rows, then columns. */
function transformTaps(p: WinogradWeights, taps: usize, to: usize, work: usize): void {
  const slices = p.kernelDepth == 3 ? 4 : 1;
  const half = f32x4.splat(0.5);
  const rows = work + WORK_DEPTH;
  for (let slice = 0; slice < slices; slice++) {
    // F(2,3) along depth: g0, (g0 + g1 + g2) / 2, (g0 − g1 + g2) / 2, g2.
    for (let tap: usize = 0; tap < 9; tap++) {
      const from = taps + (tap << 6);
      let value = v128.load(from);
      if (slice == 3) value = v128.load(from, 18 * 64);
      else if (slice != 0) {
        const middle = v128.load(from, 9 * 64);
        const outer = f32x4.add(value, v128.load(from, 18 * 64));
        value = f32x4.mul(half, slice == 1 ? f32x4.add(outer, middle) : f32x4.sub(outer, middle));
      }
      v128.store(work + (tap << 4), value);
    }
    for (let row: usize = 0; row < 3; row++) {
      const from = work + row * 48;
      weightLine(v128.load(from), v128.load(from, 16), v128.load(from, 32), rows + row * 96, 16);
    }
    for (let column: usize = 0; column < 6; column++) {
      const from = rows + (column << 4);
      weightLine(v128.load(from), v128.load(from, 96), v128.load(from, 192), to + column * p.pointBytes, 6 * p.pointBytes);
    }
    to += 36 * p.pointBytes;
  }
}
