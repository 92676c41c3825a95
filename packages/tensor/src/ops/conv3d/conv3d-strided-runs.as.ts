/**
 * The transforms of conv3d-strided-lines.as.ts for runs of values, and sums of rows of them: `bytes` bytes of channels each, a multiple of 16. Factors come
 * from memory, and kernels with wide vectors take eight channels at a time, as in conv3d-winograd-runs.as.ts. Points may be where the values were.
 */
import { madd } from '../../device/cpu/simd.as';
import { A, B } from './conv3d-strided-lines.as';
import { gradientMinus, gradientPlus, inputCentre, inputMinus, inputPlus } from './conv3d-winograd-lines.as';
import { storePair } from './conv3d-winograd-runs.as';

/** The factors of `stridedInputLines`, `stridedGradientLines` and `stridedOutputLines`: 16 bytes. */
export function placeStridedFactors(to: usize): void {
  v128.store(to, f32x4(A, B, A * A, B * B));
}

/** Four rows, each times one of four factors, added up; with `plain` the first one as it is. (memory.copy is a call into the engine, slow for few bytes.) */
export function combineRows(plain: bool, row0: usize, row1: usize, row2: usize, row3: usize, factors: usize, to: usize, bytes: usize): void {
  let at: usize = 0;
  if (plain) {
    if (WIDE)
      for (; at + 32 <= bytes; at += 32) {
        const low = v128.load(row0 + at);
        const high = v128.load(row0 + at, 16);
        storePair(to + at, low, high);
      }
    for (; at < bytes; at += 16) v128.store(to + at, v128.load(row0 + at));
    return;
  }
  const f0 = v128.load32_splat(factors);
  const f1 = v128.load32_splat(factors, 4);
  const f2 = v128.load32_splat(factors, 8);
  const f3 = v128.load32_splat(factors, 12);
  if (WIDE)
    for (; at + 32 <= bytes; at += 32) {
      const d0 = v128.load(row0 + at);
      const e0 = v128.load(row0 + at, 16);
      const d1 = v128.load(row1 + at);
      const e1 = v128.load(row1 + at, 16);
      const d2 = v128.load(row2 + at);
      const e2 = v128.load(row2 + at, 16);
      const d3 = v128.load(row3 + at);
      const e3 = v128.load(row3 + at, 16);
      storePair(to + at, fourfold(f0, f1, f2, f3, d0, d1, d2, d3), fourfold(f0, f1, f2, f3, e0, e1, e2, e3));
    }
  for (; at < bytes; at += 16) {
    const d0 = v128.load(row0 + at);
    const d1 = v128.load(row1 + at);
    const d2 = v128.load(row2 + at);
    const d3 = v128.load(row3 + at);
    v128.store(to + at, fourfold(f0, f1, f2, f3, d0, d1, d2, d3));
  }
}

@inline
function fourfold(f0: v128, f1: v128, f2: v128, f3: v128, d0: v128, d1: v128, d2: v128, d3: v128): v128 {
  return madd(f3, d3, madd(f2, d2, madd(f1, d1, f32x4.mul(f0, d0))));
}

export function clearRow(to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 16) v128.store(to, f32x4.splat(0));
}

/** `lines` lines of `bytes` bytes, each its start (which may be where it goes to) and a factor times what is at `from`. */
export function addLines(
  from: usize, fromNext: usize, factor: f32, start: usize, startNext: usize, to: usize, toNext: usize, lines: i32, bytes: usize,
): void {
  const scale = f32x4.splat(factor);
  for (let line = 0; line < lines; line++) {
    let at: usize = 0;
    if (WIDE)
      for (; at + 32 <= bytes; at += 32) {
        const d0 = v128.load(from + at);
        const e0 = v128.load(from + at, 16);
        const d1 = v128.load(start + at);
        const e1 = v128.load(start + at, 16);
        storePair(to + at, madd(scale, d0, d1), madd(scale, e0, e1));
      }
    for (; at < bytes; at += 16) v128.store(to + at, madd(scale, v128.load(from + at), v128.load(start + at)));
    from += fromNext;
    start += startNext;
    to += toNext;
  }
}

/** Bᵀ: five even values to points 0–4. */
export function stridedInputLines(from: usize, fromStep: usize, to: usize, step: usize, bytes: usize, factors: usize): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  let at: usize = 0;
  if (WIDE)
    for (; at + 32 <= bytes; at += 32) {
      let p = from + at;
      const d0 = v128.load(p);
      const e0 = v128.load(p, 16);
      p += fromStep;
      const d1 = v128.load(p);
      const e1 = v128.load(p, 16);
      p += fromStep;
      const d2 = v128.load(p);
      const e2 = v128.load(p, 16);
      p += fromStep;
      const d3 = v128.load(p);
      const e3 = v128.load(p, 16);
      p += fromStep;
      const d4 = v128.load(p);
      const e4 = v128.load(p, 16);
      let q = to + at;
      storePair(q, inputPlus(pointA, squareB, d0, d1, d2, d3), inputPlus(pointA, squareB, e0, e1, e2, e3));
      q += step;
      storePair(q, inputMinus(pointA, squareB, d0, d1, d2, d3), inputMinus(pointA, squareB, e0, e1, e2, e3));
      q += step;
      storePair(q, inputPlus(pointB, squareA, d0, d1, d2, d3), inputPlus(pointB, squareA, e0, e1, e2, e3));
      q += step;
      storePair(q, inputMinus(pointB, squareA, d0, d1, d2, d3), inputMinus(pointB, squareA, e0, e1, e2, e3));
      q += step;
      storePair(q, inputCentre(squareA, squareB, d0, d2, d4), inputCentre(squareA, squareB, e0, e2, e4));
    }
  for (; at < bytes; at += 16) {
    let p = from + at;
    const d0 = v128.load(p);
    p += fromStep;
    const d1 = v128.load(p);
    p += fromStep;
    const d2 = v128.load(p);
    p += fromStep;
    const d3 = v128.load(p);
    p += fromStep;
    const d4 = v128.load(p);
    let q = to + at;
    v128.store(q, inputPlus(pointA, squareB, d0, d1, d2, d3));
    q += step;
    v128.store(q, inputMinus(pointA, squareB, d0, d1, d2, d3));
    q += step;
    v128.store(q, inputPlus(pointB, squareA, d0, d1, d2, d3));
    q += step;
    v128.store(q, inputMinus(pointB, squareA, d0, d1, d2, d3));
    q += step;
    v128.store(q, inputCentre(squareA, squareB, d0, d2, d4));
  }
}

/** A: four values of the results' gradient to points 0–4. */
export function stridedGradientLines(from: usize, fromStep: usize, to: usize, step: usize, bytes: usize, factors: usize): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  let at: usize = 0;
  if (WIDE)
    for (; at + 32 <= bytes; at += 32) {
      let p = from + at;
      const y0 = v128.load(p);
      const z0 = v128.load(p, 16);
      p += fromStep;
      const y1 = v128.load(p);
      const z1 = v128.load(p, 16);
      p += fromStep;
      const y2 = v128.load(p);
      const z2 = v128.load(p, 16);
      p += fromStep;
      const y3 = v128.load(p);
      const z3 = v128.load(p, 16);
      let q = to + at;
      storePair(q, gradientPlus(pointA, squareA, y0, y1, y2, y3), gradientPlus(pointA, squareA, z0, z1, z2, z3));
      q += step;
      storePair(q, gradientMinus(pointA, squareA, y0, y1, y2, y3), gradientMinus(pointA, squareA, z0, z1, z2, z3));
      q += step;
      storePair(q, gradientPlus(pointB, squareB, y0, y1, y2, y3), gradientPlus(pointB, squareB, z0, z1, z2, z3));
      q += step;
      storePair(q, gradientMinus(pointB, squareB, y0, y1, y2, y3), gradientMinus(pointB, squareB, z0, z1, z2, z3));
      q += step;
      storePair(q, y3, z3);
    }
  for (; at < bytes; at += 16) {
    let p = from + at;
    const y0 = v128.load(p);
    p += fromStep;
    const y1 = v128.load(p);
    p += fromStep;
    const y2 = v128.load(p);
    p += fromStep;
    const y3 = v128.load(p);
    let q = to + at;
    v128.store(q, gradientPlus(pointA, squareA, y0, y1, y2, y3));
    q += step;
    v128.store(q, gradientMinus(pointA, squareA, y0, y1, y2, y3));
    q += step;
    v128.store(q, gradientPlus(pointB, squareB, y0, y1, y2, y3));
    q += step;
    v128.store(q, gradientMinus(pointB, squareB, y0, y1, y2, y3));
    q += step;
    v128.store(q, y3);
  }
}

/** Aᵀ: points 0–4 to four results in their place. */
export function stridedOutputLines(points: usize, step: usize, bytes: usize, factors: usize): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  let at: usize = 0;
  if (WIDE)
    for (; at + 32 <= bytes; at += 32) {
      let p = points + at;
      const m0 = v128.load(p);
      const n0 = v128.load(p, 16);
      p += step;
      const m1 = v128.load(p);
      const n1 = v128.load(p, 16);
      p += step;
      const m2 = v128.load(p);
      const n2 = v128.load(p, 16);
      p += step;
      const m3 = v128.load(p);
      const n3 = v128.load(p, 16);
      p += step;
      const m4 = v128.load(p);
      const n4 = v128.load(p, 16);
      const sumA = f32x4.add(m0, m1);
      const sumC = f32x4.add(n0, n1);
      const sumB = f32x4.add(m2, m3);
      const sumD = f32x4.add(n2, n3);
      const differenceA = f32x4.mul(pointA, f32x4.sub(m0, m1));
      const differenceC = f32x4.mul(pointA, f32x4.sub(n0, n1));
      const differenceB = f32x4.mul(pointB, f32x4.sub(m2, m3));
      const differenceD = f32x4.mul(pointB, f32x4.sub(n2, n3));
      let q = points + at;
      storePair(q, f32x4.add(sumA, sumB), f32x4.add(sumC, sumD));
      q += step;
      storePair(q, f32x4.add(differenceA, differenceB), f32x4.add(differenceC, differenceD));
      q += step;
      storePair(q, madd(squareA, sumA, f32x4.mul(squareB, sumB)), madd(squareA, sumC, f32x4.mul(squareB, sumD)));
      q += step;
      storePair(q, madd(squareA, differenceA, madd(squareB, differenceB, m4)), madd(squareA, differenceC, madd(squareB, differenceD, n4)));
    }
  for (; at < bytes; at += 16) {
    let p = points + at;
    const m0 = v128.load(p);
    p += step;
    const m1 = v128.load(p);
    p += step;
    const m2 = v128.load(p);
    p += step;
    const m3 = v128.load(p);
    p += step;
    const m4 = v128.load(p);
    const sumA = f32x4.add(m0, m1);
    const sumB = f32x4.add(m2, m3);
    const differenceA = f32x4.mul(pointA, f32x4.sub(m0, m1));
    const differenceB = f32x4.mul(pointB, f32x4.sub(m2, m3));
    let q = points + at;
    v128.store(q, f32x4.add(sumA, sumB));
    q += step;
    v128.store(q, f32x4.add(differenceA, differenceB));
    q += step;
    v128.store(q, madd(squareA, sumA, f32x4.mul(squareB, sumB)));
    q += step;
    v128.store(q, madd(squareA, differenceA, madd(squareB, differenceB, m4)));
  }
}
