/**
 * The transforms of conv3d-winograd-lines.as.ts for runs of lines: `lines` lines of `bytes` bytes of channels (a multiple of 16), values `fromStep` and points
 * `step` bytes apart, lines `fromNext` and `toNext`. Factors come from memory (`placeFactors`): of a constant V8 makes a vector anew, in three instructions or
 * seven, wherever it is used.
 *
 * Kernels with wide vectors (wide-simd.ts) take eight channels at a time, in pairs that V8 can make one vector of. For that all is loaded before
 * anything is stored, both of a pair are stored together, and the loops are functions of their own: in a loop's surroundings V8 keeps halves.
 */
import { madd } from '../../device/cpu/simd.as';
import {
  A, B, gradientMinus, gradientPlus, inputCentre, inputMinus, inputPlus, SCALE_0, SCALE_A, SCALE_B, weightMinus, weightPlus,
} from './conv3d-winograd-lines.as';

/** The factors of `inputLines`, `gradientLines` and `outputLines`: 16 bytes. */
export function placeFactors(to: usize): void {
  v128.store(to, f32x4(A, B, A * A, B * B));
}

/** Those of `weightLines`: 32 bytes. */
export function placeWeightFactors(to: usize): void {
  v128.store(to, f32x4(SCALE_0, SCALE_A, SCALE_B, A * SCALE_A));
  v128.store(to, f32x4(B * SCALE_B, A * A * SCALE_A, B * B * SCALE_B, 0), 16);
}

/** Stores two halves of a vector, one after the other. */
@inline
export function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/** Bᵀ: six values of the input to six points. */
export function inputLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, factors: usize,
): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  for (let line = 0; line < lines; line++) {
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
        p += fromStep;
        const d5 = v128.load(p);
        const e5 = v128.load(p, 16);
        let q = to + at;
        storePair(q, inputCentre(squareA, squareB, d0, d2, d4), inputCentre(squareA, squareB, e0, e2, e4));
        q += step;
        storePair(q, inputPlus(pointA, squareB, d1, d2, d3, d4), inputPlus(pointA, squareB, e1, e2, e3, e4));
        q += step;
        storePair(q, inputMinus(pointA, squareB, d1, d2, d3, d4), inputMinus(pointA, squareB, e1, e2, e3, e4));
        q += step;
        storePair(q, inputPlus(pointB, squareA, d1, d2, d3, d4), inputPlus(pointB, squareA, e1, e2, e3, e4));
        q += step;
        storePair(q, inputMinus(pointB, squareA, d1, d2, d3, d4), inputMinus(pointB, squareA, e1, e2, e3, e4));
        q += step;
        storePair(q, inputCentre(squareA, squareB, d1, d3, d5), inputCentre(squareA, squareB, e1, e3, e5));
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
      p += fromStep;
      const d5 = v128.load(p);
      let q = to + at;
      v128.store(q, inputCentre(squareA, squareB, d0, d2, d4));
      q += step;
      v128.store(q, inputPlus(pointA, squareB, d1, d2, d3, d4));
      q += step;
      v128.store(q, inputMinus(pointA, squareB, d1, d2, d3, d4));
      q += step;
      v128.store(q, inputPlus(pointB, squareA, d1, d2, d3, d4));
      q += step;
      v128.store(q, inputMinus(pointB, squareA, d1, d2, d3, d4));
      q += step;
      v128.store(q, inputCentre(squareA, squareB, d1, d3, d5));
    }
    from += fromNext;
    to += toNext;
  }
}

/** A: four values of the results' gradient to six points. */
export function gradientLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, factors: usize,
): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  for (let line = 0; line < lines; line++) {
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
        storePair(q, y0, z0);
        q += step;
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
      v128.store(q, y0);
      q += step;
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
    from += fromNext;
    to += toNext;
  }
}

/** Aᵀ: six points to four results on top of what is at `start`, of which the first `count` are stored. */
export function outputLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, count: i32, start: usize, factors: usize,
): void {
  const pointA = v128.load32_splat(factors);
  const pointB = v128.load32_splat(factors, 4);
  const squareA = v128.load32_splat(factors, 8);
  const squareB = v128.load32_splat(factors, 12);
  for (let line = 0; line < lines; line++) {
    let at: usize = 0;
    if (WIDE && count == 4)
      for (; at + 32 <= bytes; at += 32) {
        const s = v128.load(start + at);
        const t = v128.load(start + at, 16);
        let p = from + at;
        const m0 = v128.load(p);
        const n0 = v128.load(p, 16);
        p += fromStep;
        const m1 = v128.load(p);
        const n1 = v128.load(p, 16);
        p += fromStep;
        const m2 = v128.load(p);
        const n2 = v128.load(p, 16);
        p += fromStep;
        const m3 = v128.load(p);
        const n3 = v128.load(p, 16);
        p += fromStep;
        const m4 = v128.load(p);
        const n4 = v128.load(p, 16);
        p += fromStep;
        const m5 = v128.load(p);
        const n5 = v128.load(p, 16);
        const sumA = f32x4.add(m1, m2);
        const sumC = f32x4.add(n1, n2);
        const sumB = f32x4.add(m3, m4);
        const sumD = f32x4.add(n3, n4);
        const differenceA = f32x4.mul(pointA, f32x4.sub(m1, m2));
        const differenceC = f32x4.mul(pointA, f32x4.sub(n1, n2));
        const differenceB = f32x4.mul(pointB, f32x4.sub(m3, m4));
        const differenceD = f32x4.mul(pointB, f32x4.sub(n3, n4));
        let q = to + at;
        storePair(q, f32x4.add(f32x4.add(m0, sumA), f32x4.add(sumB, s)), f32x4.add(f32x4.add(n0, sumC), f32x4.add(sumD, t)));
        q += step;
        storePair(q, f32x4.add(f32x4.add(differenceA, differenceB), s), f32x4.add(f32x4.add(differenceC, differenceD), t));
        q += step;
        storePair(q, madd(squareA, sumA, madd(squareB, sumB, s)), madd(squareA, sumC, madd(squareB, sumD, t)));
        q += step;
        storePair(
          q,
          madd(squareA, differenceA, madd(squareB, differenceB, f32x4.add(m5, s))),
          madd(squareA, differenceC, madd(squareB, differenceD, f32x4.add(n5, t))),
        );
      }
    for (; at < bytes; at += 16) {
      const s = v128.load(start + at);
      let p = from + at;
      const m0 = v128.load(p);
      p += fromStep;
      const m1 = v128.load(p);
      p += fromStep;
      const m2 = v128.load(p);
      p += fromStep;
      const m3 = v128.load(p);
      p += fromStep;
      const m4 = v128.load(p);
      p += fromStep;
      const m5 = v128.load(p);
      const sumA = f32x4.add(m1, m2);
      const sumB = f32x4.add(m3, m4);
      const differenceA = f32x4.mul(pointA, f32x4.sub(m1, m2));
      const differenceB = f32x4.mul(pointB, f32x4.sub(m3, m4));
      let q = to + at;
      v128.store(q, f32x4.add(f32x4.add(m0, sumA), f32x4.add(sumB, s)));
      if (count < 2) continue;
      q += step;
      v128.store(q, f32x4.add(f32x4.add(differenceA, differenceB), s));
      if (count < 3) continue;
      q += step;
      v128.store(q, madd(squareA, sumA, madd(squareB, sumB, s)));
      if (count < 4) continue;
      q += step;
      v128.store(q, madd(squareA, differenceA, madd(squareB, differenceB, f32x4.add(m5, s))));
    }
    from += fromNext;
    to += toNext;
  }
}

/** G: three weights to six points, with the factors that conv3d-winograd-lines.as.ts has. */
export function weightLines(
  from: usize, fromStep: usize, fromNext: usize, to: usize, step: usize, toNext: usize, lines: i32, bytes: usize, factors: usize,
): void {
  const first0 = v128.load32_splat(factors);
  const firstA = v128.load32_splat(factors, 4);
  const firstB = v128.load32_splat(factors, 8);
  const secondA = v128.load32_splat(factors, 12);
  const secondB = v128.load32_splat(factors, 16);
  const thirdA = v128.load32_splat(factors, 20);
  const thirdB = v128.load32_splat(factors, 24);
  for (let line = 0; line < lines; line++) {
    let at: usize = 0;
    if (WIDE)
      for (; at + 32 <= bytes; at += 32) {
        let p = from + at;
        const g0 = v128.load(p);
        const h0 = v128.load(p, 16);
        p += fromStep;
        const g1 = v128.load(p);
        const h1 = v128.load(p, 16);
        p += fromStep;
        const g2 = v128.load(p);
        const h2 = v128.load(p, 16);
        let q = to + at;
        storePair(q, f32x4.mul(first0, g0), f32x4.mul(first0, h0));
        q += step;
        storePair(q, weightPlus(firstA, secondA, thirdA, g0, g1, g2), weightPlus(firstA, secondA, thirdA, h0, h1, h2));
        q += step;
        storePair(q, weightMinus(firstA, secondA, thirdA, g0, g1, g2), weightMinus(firstA, secondA, thirdA, h0, h1, h2));
        q += step;
        storePair(q, weightPlus(firstB, secondB, thirdB, g0, g1, g2), weightPlus(firstB, secondB, thirdB, h0, h1, h2));
        q += step;
        storePair(q, weightMinus(firstB, secondB, thirdB, g0, g1, g2), weightMinus(firstB, secondB, thirdB, h0, h1, h2));
        q += step;
        storePair(q, g2, h2);
      }
    for (; at < bytes; at += 16) {
      let p = from + at;
      const g0 = v128.load(p);
      p += fromStep;
      const g1 = v128.load(p);
      p += fromStep;
      const g2 = v128.load(p);
      let q = to + at;
      v128.store(q, f32x4.mul(first0, g0));
      q += step;
      v128.store(q, weightPlus(firstA, secondA, thirdA, g0, g1, g2));
      q += step;
      v128.store(q, weightMinus(firstA, secondA, thirdA, g0, g1, g2));
      q += step;
      v128.store(q, weightPlus(firstB, secondB, thirdB, g0, g1, g2));
      q += step;
      v128.store(q, weightMinus(firstB, secondB, thirdB, g0, g1, g2));
      q += step;
      v128.store(q, g2);
    }
    from += fromNext;
    to += toNext;
  }
}
