/** Weights of Winograd's convolution: 27 (or 9) taps become 216 (or 36) points, in panels of eight target channels. */
import { madd } from '../../device/cpu/simd.as';
import { stridedWeightLine } from './conv3d-strided-lines.as';
import { weightFactor } from './conv3d-winograd-lines.as';
import { placeWeightFactors, weightLines } from './conv3d-winograd-runs.as';

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

/** Weights are transformed in blocks of four source by eight target channels: so many bytes for each tap and, of the result, for each point. */
const TAP_BYTES: usize = 128;
const SLICE_BYTES: usize = 9 * TAP_BYTES;
/** Scratch of one thread: a slice of a block, what that is between its two transforms, and factors. */
const FACTORS: usize = SLICE_BYTES + 18 * TAP_BYTES;
export const WEIGHT_WORK_BYTES: usize = FACTORS + 64;
/** Source channels that `conv3dWinogradWeights` takes at a time: a cache line of the mirrored kernel. */
const SOURCES: i32 = 16;

/** Bytes of the taps of a block. */
@inline
function blockBytes(taps: WinogradTaps): usize {
  return <usize>taps.kernelDepth * SLICE_BYTES;
}

/** Bytes that `packTaps` writes. */
@inline
export function packedBytes(taps: WinogradTaps, sources: i32, blocks: i32): usize {
  return <usize>((sources >> 2) * blocks) * blockBytes(taps);
}

/** One item: eight target channels, all points. */
export function conv3dWinogradWeights(p: WinogradWeights, item: i32, thread: i32): void {
  const taps = changetype<WinogradTaps>(changetype<usize>(p));
  const sourceChannels = p.transposed ? p.outputChannels : p.inputChannels;
  const work = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const packed = work + WEIGHT_WORK_BYTES;
  const slices = p.kernelDepth == 3 ? 6 : 1;
  for (let source = 0; source < sourceChannels; source += SOURCES) {
    const sources = min(SOURCES, sourceChannels - source);
    packTaps(taps, source, sources, item << 3, 1, packed);
    for (let slice = 0; slice < slices; slice++) {
      const to = p.to + <usize>(slice * 36) * p.pointBytes + (<usize>(item * sourceChannels + source) << 5);
      transformPanels(taps, slice, packed, sources, 1, to, p.pointBytes, work);
    }
  }
}

/**
 * The taps of `sources` source channels from `firstSource` and of `blocks` times eight target channels from `firstTarget`: `[block, four source channels,
 * tap, 4, 8]`. Weights are read sixteen channels at a time, which are a cache line: taps that are a power of two bytes apart fall on the same few
 * places of a cache, where no line would stay until its next channels are wanted.
 */
export function packTaps(taps: WinogradTaps, firstSource: i32, sources: i32, firstTarget: i32, blocks: i32, to: usize): void {
  const end = firstTarget + (blocks << 3);
  const lastTarget = min(end, taps.transposed ? taps.inputChannels : taps.outputChannels);
  const sourceStep = taps.transposed ? 16 : 4;
  const targetStep = taps.transposed ? 8 : 16;
  const rowBytes = packedBytes(taps, sources, 1);
  for (let source = 0; source < sources; source += sourceStep) {
    for (let target = firstTarget; target < end; target += targetStep) {
      const out = to + <usize>((target - firstTarget) >> 3) * rowBytes + packedBytes(taps, source, 1);
      if (taps.transposed) loadMirrored(taps, out, firstSource + source, target, lastTarget, min(4, (sources - source) >> 2));
      else loadTaps(taps, out, rowBytes, firstSource + source, target, lastTarget, min(2, (end - target) >> 3));
    }
  }
}

/** The 36 points of a slice of packed taps: `[point, block, source channel, 8]`. */
export function transformPanels(
  taps: WinogradTaps, slice: i32, packed: usize, sources: i32, blocks: i32, panels: usize, pointBytes: usize, work: usize,
): void {
  const rows = work + SLICE_BYTES;
  const first = weightFactor(slice, 0);
  const second = weightFactor(slice, 1);
  const third = weightFactor(slice, 2);
  placeWeightFactors(work + FACTORS);
  const end = packed + packedBytes(taps, sources, blocks);
  for (; packed < end; packed += blockBytes(taps), panels += TAP_BYTES) {
    if (taps.kernelDepth == 3) {
      sumTaps(packed, work, first, second, third);
      transformSlice(work, panels, pointBytes, rows);
    } else if (taps.stride == 2) for (let at: usize = 0; at < TAP_BYTES; at += 16) transformStrided(packed + at, panels + at, pointBytes, rows);
    else transformSlice(packed, panels, pointBytes, rows);
  }
}

/** What a slice takes of the taps of three planes. */
function sumTaps(from: usize, to: usize, first: f32, second: f32, third: f32): void {
  const scale0 = f32x4.splat(first);
  const scale1 = f32x4.splat(second);
  const scale2 = f32x4.splat(third);
  for (const end = to + SLICE_BYTES; to < end; to += 32, from += 32) {
    const low = madd(scale1, v128.load(from, SLICE_BYTES), f32x4.mul(scale0, v128.load(from)));
    const high = madd(scale1, v128.load(from, SLICE_BYTES + 16), f32x4.mul(scale0, v128.load(from, 16)));
    const lowSum = madd(scale2, v128.load(from, 2 * SLICE_BYTES), low);
    const highSum = madd(scale2, v128.load(from, 2 * SLICE_BYTES + 16), high);
    v128.store(to, lowSum);
    v128.store(to, highSum, 16);
  }
}

/** Nine taps to 36 points: along rows, then along columns. */
function transformSlice(from: usize, to: usize, pointBytes: usize, rows: usize): void {
  const factors = rows + 18 * TAP_BYTES;
  weightLines(from, TAP_BYTES, 3 * TAP_BYTES, rows, TAP_BYTES, 6 * TAP_BYTES, 3, TAP_BYTES, factors);
  weightLines(rows, 6 * TAP_BYTES, TAP_BYTES, to, 6 * pointBytes, pointBytes, 6, TAP_BYTES, factors);
}

/** Blocks of four source × eight target channels, `blockStep` apart along target channels; zeros for channels from `lastTarget` on. */
@inline
function loadTaps(taps: WinogradTaps, to: usize, blockStep: usize, source: i32, target: i32, lastTarget: i32, blocks: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  let from = taps.weight + <usize>source * row + (<usize>target << 2);
  for (let tap = 0; tap < 9 * taps.kernelDepth; tap++) {
    for (let lane: usize = 0; lane < 4; lane++) {
      let out = to + (lane << 5);
      let at = from + lane * row;
      for (let channel = target; channel < target + (blocks << 3); channel += 8) {
        const half = channel + 4 < lastTarget;
        v128.store(out, v128.load(at));
        v128.store(out, half ? v128.load(at, 16) : f32x4.splat(0), 16);
        out += blockStep;
        at += 32;
      }
    }
    to += TAP_BYTES;
    from += tapBytes;
  }
}

/** The same of the mirrored kernel, whose target channels are the rows of `weight`: blocks follow each other along source channels. */
@inline
function loadMirrored(taps: WinogradTaps, to: usize, source: i32, target: i32, lastTarget: i32, blocks: i32): void {
  const row = <usize>taps.outputChannels << 2;
  const tapBytes = <usize>taps.inputChannels * row;
  const count = 9 * taps.kernelDepth;
  let from = taps.weight + <usize>(count - 1) * tapBytes + <usize>target * row + (<usize>source << 2);
  for (let tap = 0; tap < count; tap++) {
    for (let block: usize = 0; block < <usize>blocks; block++) {
      const out = to + block * blockBytes(taps);
      loadSquare(from + (block << 4), row, out);
      if (target + 4 < lastTarget) loadSquare(from + (block << 4) + 4 * row, row, out + 16);
      else for (let lane: usize = 0; lane < 4; lane++) v128.store(out + (lane << 5), f32x4.splat(0), 16);
    }
    to += TAP_BYTES;
    from -= tapBytes;
  }
}

/** Four rows of four channels, transposed: rows of the result are 32 bytes apart. */
@inline
function loadSquare(from: usize, row: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + row);
  const c = v128.load(from + 2 * row);
  const d = v128.load(from + 3 * row);
  const lowAb = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const highAb = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const lowCd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const highCd = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(lowAb, lowCd, 0, 2));
  v128.store(to, i64x2.shuffle(lowAb, lowCd, 1, 3), 32);
  v128.store(to, i64x2.shuffle(highAb, highCd, 0, 2), 64);
  v128.store(to, i64x2.shuffle(highAb, highCd, 1, 3), 96);
}

/** The same of four target channels with stride 2. */
@inline
function transformStrided(taps: usize, to: usize, pointBytes: usize, rows: usize): void {
  for (let row: usize = 0; row < 3; row++) {
    const from = taps + row * 3 * TAP_BYTES;
    stridedWeightLine(v128.load(from), v128.load(from, TAP_BYTES), v128.load(from, 2 * TAP_BYTES), rows + row * 96, 16);
  }
  for (let column: usize = 0; column < 6; column++) {
    const from = rows + (column << 4);
    stridedWeightLine(v128.load(from), v128.load(from, 96), v128.load(from, 192), to + column * pointBytes, 6 * pointBytes);
  }
}
