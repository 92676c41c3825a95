/**
 * Gᵀ, which takes sums of points back to the gradients of weights, for Winograd's convolution and for the one with stride 2: six points to three taps
 * along each axis, a cache line of dy's channels at a time, in runs of lines as in conv3d-winograd-runs.as.ts.
 */
import { madd } from '../../device/cpu/simd.as';
import { A as STRIDED_A, SCALE_A as STRIDED_SCALE_A, SCALE_B as STRIDED_SCALE_B, B as STRIDED_B } from './conv3d-strided-lines.as';
import { A, B, SCALE_0, SCALE_A, SCALE_B } from './conv3d-winograd-lines.as';
import { storePair } from './conv3d-winograd-runs.as';

/** Bytes from one point to the next in the work area: 16 channels. */
const POINT: usize = 64;
/** A column of three and a row of nine. */
const COLUMN: usize = 3 * POINT;
const PLANE: usize = 9 * POINT;
/** What a slice is after its columns, what slices are after their rows, and taps; then factors. */
const ROWS: usize = 2 * PLANE;
const TAPS: usize = ROWS + 6 * PLANE;
const FACTORS: usize = TAPS + 3 * PLANE;
export const BACK_WORK_BYTES: usize = FACTORS + 64;

/**
 * The taps of `rows` × `columns` channels of x and dy, from sums whose points are `pointBytes` and rows `pitch` bytes apart. Taps are `tapBytes` and
 * their rows `toPitch` apart. `slices`: 6, or 1 where the kernel has height and width only; `strided`: with stride 2; `add`: to what is there.
 */
export function squareBack(
  strided: bool, slices: usize, add: bool, sums: usize, pointBytes: usize, pitch: usize, to: usize, toPitch: usize, tapBytes: usize, rows: i32, columns: i32, work: usize,
): void {
  placeFactors(strided, work + FACTORS);
  const rowBytes = <usize>columns << 2;
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at < rowBytes; at += POINT)
      lineBack(strided, slices, add, sums + at, pointBytes, to + at, tapBytes, min(POINT, rowBytes - at), work);
    sums += pitch;
    to += toPitch;
  }
}

/** Along columns, rows and depth. */
function lineBack(strided: bool, slices: usize, add: bool, from: usize, pointBytes: usize, to: usize, tapBytes: usize, bytes: usize, work: usize): void {
  const rows = work + ROWS;
  const factors = work + FACTORS;
  for (let slice: usize = 0; slice < slices; slice++) {
    const points = from + slice * 36 * pointBytes;
    const plane = rows + slice * PLANE;
    if (strided) {
      stridedBackLines(points, 6 * pointBytes, pointBytes, work, 6 * POINT, POINT, 6, bytes, factors);
      stridedBackLines(work, POINT, 6 * POINT, plane, POINT, COLUMN, 3, bytes, factors);
    } else {
      backLines(points, 6 * pointBytes, pointBytes, work, 6 * POINT, POINT, 6, bytes, factors);
      backLines(work, POINT, 6 * POINT, plane, POINT, COLUMN, 3, bytes, factors);
    }
  }
  let taps = rows;
  if (slices > 1) {
    taps = work + TAPS;
    backLines(rows, PLANE, POINT, taps, PLANE, POINT, 9, bytes, factors);
  }
  for (const end = taps + (slices > 1 ? 3 * PLANE : PLANE); taps < end; taps += POINT, to += tapBytes)
    for (let at: usize = 0; at < bytes; at += 16) {
      const value = v128.load(taps + at);
      v128.store(to + at, add ? f32x4.add(v128.load(to + at), value) : value);
    }
}

function placeFactors(strided: bool, to: usize): void {
  if (strided) v128.store(to, f32x4(STRIDED_SCALE_A, STRIDED_SCALE_B, STRIDED_A * STRIDED_SCALE_A, STRIDED_B * STRIDED_SCALE_B));
  else {
    v128.store(to, f32x4(SCALE_0, SCALE_A, SCALE_B, A * SCALE_A));
    v128.store(to, f32x4(B * SCALE_B, A * A, B * B, 0), 16);
  }
}

function backLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, factors: usize,
): void {
  const scale0 = v128.load32_splat(factors);
  const scaleA = v128.load32_splat(factors, 4);
  const scaleB = v128.load32_splat(factors, 8);
  const pointA = v128.load32_splat(factors, 12);
  const pointB = v128.load32_splat(factors, 16);
  const squareA = v128.load32_splat(factors, 20);
  const squareB = v128.load32_splat(factors, 24);
  for (let line = 0; line < lines; line++) {
    let at: usize = 0;
    if (WIDE)
      for (; at + 32 <= bytes; at += 32) {
        let p = from + at;
        const u0 = v128.load(p);
        const v0 = v128.load(p, 16);
        p += fromStep;
        const u1 = v128.load(p);
        const v1 = v128.load(p, 16);
        p += fromStep;
        const u2 = v128.load(p);
        const v2 = v128.load(p, 16);
        p += fromStep;
        const u3 = v128.load(p);
        const v3 = v128.load(p, 16);
        p += fromStep;
        const u4 = v128.load(p);
        const v4 = v128.load(p, 16);
        p += fromStep;
        const u5 = v128.load(p);
        const v5 = v128.load(p, 16);
        const sumA = f32x4.mul(scaleA, f32x4.add(u1, u2));
        const sumC = f32x4.mul(scaleA, f32x4.add(v1, v2));
        const sumB = f32x4.mul(scaleB, f32x4.add(u3, u4));
        const sumD = f32x4.mul(scaleB, f32x4.add(v3, v4));
        let q = to + at;
        storePair(q, madd(scale0, u0, f32x4.add(sumA, sumB)), madd(scale0, v0, f32x4.add(sumC, sumD)));
        q += step;
        storePair(
          q,
          madd(pointB, f32x4.sub(u3, u4), f32x4.mul(pointA, f32x4.sub(u1, u2))),
          madd(pointB, f32x4.sub(v3, v4), f32x4.mul(pointA, f32x4.sub(v1, v2))),
        );
        q += step;
        storePair(q, madd(squareA, sumA, madd(squareB, sumB, u5)), madd(squareA, sumC, madd(squareB, sumD, v5)));
      }
    for (; at < bytes; at += 16) {
      let p = from + at;
      const u0 = v128.load(p);
      p += fromStep;
      const u1 = v128.load(p);
      p += fromStep;
      const u2 = v128.load(p);
      p += fromStep;
      const u3 = v128.load(p);
      p += fromStep;
      const u4 = v128.load(p);
      p += fromStep;
      const u5 = v128.load(p);
      const sumA = f32x4.mul(scaleA, f32x4.add(u1, u2));
      const sumB = f32x4.mul(scaleB, f32x4.add(u3, u4));
      let q = to + at;
      v128.store(q, madd(scale0, u0, f32x4.add(sumA, sumB)));
      q += step;
      v128.store(q, madd(pointB, f32x4.sub(u3, u4), f32x4.mul(pointA, f32x4.sub(u1, u2))));
      q += step;
      v128.store(q, madd(squareA, sumA, madd(squareB, sumB, u5)));
    }
    from += fromNext;
    to += toNext;
  }
}

/** With stride 2, where the last point is the middle tap as it is. */
function stridedBackLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, factors: usize,
): void {
  const scaleA = v128.load32_splat(factors);
  const scaleB = v128.load32_splat(factors, 4);
  const pointA = v128.load32_splat(factors, 8);
  const pointB = v128.load32_splat(factors, 12);
  for (let line = 0; line < lines; line++) {
    let at: usize = 0;
    if (WIDE)
      for (; at + 32 <= bytes; at += 32) {
        let p = from + at;
        const u0 = v128.load(p);
        const v0 = v128.load(p, 16);
        p += fromStep;
        const u1 = v128.load(p);
        const v1 = v128.load(p, 16);
        p += fromStep;
        const u2 = v128.load(p);
        const v2 = v128.load(p, 16);
        p += fromStep;
        const u3 = v128.load(p);
        const v3 = v128.load(p, 16);
        p += fromStep;
        const u4 = v128.load(p);
        const v4 = v128.load(p, 16);
        p += fromStep;
        const u5 = v128.load(p);
        const v5 = v128.load(p, 16);
        let q = to + at;
        storePair(
          q,
          madd(scaleB, f32x4.sub(u2, u3), f32x4.mul(scaleA, f32x4.sub(u0, u1))),
          madd(scaleB, f32x4.sub(v2, v3), f32x4.mul(scaleA, f32x4.sub(v0, v1))),
        );
        q += step;
        storePair(q, u5, v5);
        q += step;
        storePair(
          q,
          madd(pointB, f32x4.add(u2, u3), madd(pointA, f32x4.add(u0, u1), u4)),
          madd(pointB, f32x4.add(v2, v3), madd(pointA, f32x4.add(v0, v1), v4)),
        );
      }
    for (; at < bytes; at += 16) {
      let p = from + at;
      const u0 = v128.load(p);
      p += fromStep;
      const u1 = v128.load(p);
      p += fromStep;
      const u2 = v128.load(p);
      p += fromStep;
      const u3 = v128.load(p);
      p += fromStep;
      const u4 = v128.load(p);
      p += fromStep;
      const u5 = v128.load(p);
      let q = to + at;
      v128.store(q, madd(scaleB, f32x4.sub(u2, u3), f32x4.mul(scaleA, f32x4.sub(u0, u1))));
      q += step;
      v128.store(q, u5);
      q += step;
      v128.store(q, madd(pointB, f32x4.add(u2, u3), madd(pointA, f32x4.add(u0, u1), u4)));
    }
    from += fromNext;
    to += toNext;
  }
}
