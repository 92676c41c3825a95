/**
 * The one-dimensional transforms of Winograd's convolution, four channels at a time (Winograd 1980; Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2015). Rows and columns use F(4,3): tiles of 4 results from 6 values, through the points 0, ±3/4, ±3/2 and ∞.
 * With these the error is four times smaller than with the usual 0, ±1, ±2 (Barabasz et al., "Error Analysis and Improving the
 * Accuracy of Winograd Convolution", 2020), and the symmetric pairs share their work. Depth uses F(2,3), see conv3d-winograd-tiles.as.ts.
 *
 * Measured in f32 against f64, normal values, F(2,3) × F(4,3) × F(4,3): largest error 5·10⁻⁶ at 32 channels, 10⁻⁵ at 320, of results around 1;
 * F(4,3) along all axes doubles that.
 */
import { madd } from '../../device/cpu/simd.as';

/** The points ±A and ±B. */
const A: f32 = 0.75;
const B: f32 = 1.5;
/** Reciprocals of Π (p − q) over the other points q. */
const SCALE_0: f32 = 1 / (A * A * B * B);
const SCALE_A: f32 = 1 / (2 * A * A * (A * A - B * B));
const SCALE_B: f32 = 1 / (2 * B * B * (B * B - A * A));

@inline
export function splat(value: f32): v128 {
  return f32x4.splat(value);
}

@inline
function at(base: usize, step: usize, index: usize): v128 {
  return v128.load(base + step * index);
}

/** Bᵀ: six values of the input to six points. */
@inline
export function inputLine(d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, to: usize, step: usize): void {
  const sum = splat(-(A * A + B * B));
  const product = splat(A * A * B * B);
  v128.store(to, madd(product, d0, madd(sum, d2, d4)));
  v128.store(to + 5 * step, madd(product, d1, madd(sum, d3, d5)));
  let even = madd(splat(-B * B), d2, d4);
  let odd = f32x4.mul(splat(A), madd(splat(-B * B), d1, d3));
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = madd(splat(-A * A), d2, d4);
  odd = f32x4.mul(splat(B), madd(splat(-A * A), d1, d3));
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
}

/** Aᵀ: six points to four results, of which the first `count` are stored. */
@inline
export function outputLine(from: usize, fromStep: usize, to: usize, step: usize, start: v128, count: i32): void {
  const m1 = at(from, fromStep, 1);
  const m2 = at(from, fromStep, 2);
  const m3 = at(from, fromStep, 3);
  const m4 = at(from, fromStep, 4);
  const sumA = f32x4.add(m1, m2);
  const sumB = f32x4.add(m3, m4);
  const differenceA = f32x4.sub(m1, m2);
  const differenceB = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(v128.load(from), sumA), f32x4.add(sumB, start)));
  if (count < 2) return;
  v128.store(to + step, madd(splat(A), differenceA, madd(splat(B), differenceB, start)));
  if (count < 3) return;
  v128.store(to + 2 * step, madd(splat(A * A), sumA, madd(splat(B * B), sumB, start)));
  if (count < 4) return;
  const last = f32x4.add(at(from, fromStep, 5), start);
  v128.store(to + 3 * step, madd(splat(A * A * A), differenceA, madd(splat(B * B * B), differenceB, last)));
}

/** G: three weights to six points. */
@inline
export function weightLine(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.mul(splat(SCALE_0), g0));
  v128.store(to + 5 * step, g2);
  let even = madd(splat(A * A * SCALE_A), g2, f32x4.mul(splat(SCALE_A), g0));
  let odd = f32x4.mul(splat(A * SCALE_A), g1);
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = madd(splat(B * B * SCALE_B), g2, f32x4.mul(splat(SCALE_B), g0));
  odd = f32x4.mul(splat(B * SCALE_B), g1);
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
}

/** A: four values of dy to six points (the transpose of `outputLine`). */
@inline
export function gradientLine(d0: v128, d1: v128, d2: v128, d3: v128, to: usize, step: usize): void {
  v128.store(to, d0);
  v128.store(to + 5 * step, d3);
  let even = madd(splat(A * A), d2, d0);
  let odd = f32x4.mul(splat(A), madd(splat(A * A), d3, d1));
  v128.store(to + step, f32x4.add(even, odd));
  v128.store(to + 2 * step, f32x4.sub(even, odd));
  even = madd(splat(B * B), d2, d0);
  odd = f32x4.mul(splat(B), madd(splat(B * B), d3, d1));
  v128.store(to + 3 * step, f32x4.add(even, odd));
  v128.store(to + 4 * step, f32x4.sub(even, odd));
}

/** Gᵀ: six points to the gradients of three weights. */
@inline
export function weightGradientLine(from: usize, fromStep: usize, to: usize, step: usize): void {
  const u1 = at(from, fromStep, 1);
  const u2 = at(from, fromStep, 2);
  const u3 = at(from, fromStep, 3);
  const u4 = at(from, fromStep, 4);
  const sumA = f32x4.mul(splat(SCALE_A), f32x4.add(u1, u2));
  const sumB = f32x4.mul(splat(SCALE_B), f32x4.add(u3, u4));
  const differenceA = f32x4.mul(splat(A * SCALE_A), f32x4.sub(u1, u2));
  v128.store(to, madd(splat(SCALE_0), v128.load(from), f32x4.add(sumA, sumB)));
  v128.store(to + step, madd(splat(B * SCALE_B), f32x4.sub(u3, u4), differenceA));
  v128.store(to + 2 * step, madd(splat(A * A), sumA, madd(splat(B * B), sumB, at(from, fromStep, 5))));
}
