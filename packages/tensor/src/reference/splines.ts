/** Resizing by B-splines the textbook way: coefficients by solving their equations, then the spline's sum, in double precision. */
import { at, build, type Doubles } from './arrays.ts';

/** So far beyond the edge, nothing is left of what happens there. */
const PADDING = 40;

/** The B-spline of an order at a distance. */
function spline(order: number, x: number): number {
  const d = Math.abs(x);
  if (order === 0) return x >= -0.5 && x < 0.5 ? 1 : 0;
  if (order === 1) return Math.max(0, 1 - d);
  if (order === 2) return d < 0.5 ? 0.75 - d * d : Math.max(0, 1.5 - d) ** 2 / 2;
  return d < 1 ? 2 / 3 - d * d + d ** 3 / 2 : Math.max(0, 2 - d) ** 3 / 6;
}

/** Coefficients whose spline goes through `values`: (a, b, a)-tridiagonal equations by Gaussian elimination. */
function coefficients(order: number, values: readonly number[]): number[] {
  if (order < 2) return [...values];
  const [side, middle] = [spline(order, 1), spline(order, 0)];
  const pivots: number[] = [];
  const right: number[] = [];
  for (const [i, value] of values.entries()) {
    const factor = i === 0 ? 0 : side / pivots[i - 1]!;
    pivots.push(middle - factor * side);
    right.push(value - factor * (right[i - 1] ?? 0));
  }
  const found = new Array<number>(values.length + 1).fill(0);
  for (let i = values.length - 1; i >= 0; i--) found[i] = (right[i]! - side * found[i + 1]!) / pivots[i]!;
  return found.slice(0, -1);
}

/** Outer edges stay where they are; beyond them the edge value is repeated. */
function resizedLine(order: number, line: readonly number[], size: number): number[] {
  const value = (i: number): number => line[Math.min(Math.max(i, 0), line.length - 1)]!;
  const padded = Array.from({ length: line.length + 2 * PADDING }, (_, i) => value(i - PADDING));
  const found = coefficients(order, padded);
  return Array.from({ length: size }, (_, i) => {
    const coordinate = (i + 0.5) * (line.length / size) - 0.5 + PADDING;
    return found.reduce((total, value, k) => total + value * spline(order, coordinate - k), 0);
  });
}

/** `x [n, d, h, w, c]` → `[n, …size, c]`, one axis after the other. */
export function resized(x: Doubles, size: readonly number[], order: number): Doubles {
  return size.reduce((current, extent, i) => {
    const axis = i + 1;
    const lines = new Map<string, number[]>();
    return build(current.shape.with(axis, extent), (position) => {
      const key = position.with(axis, 0).join();
      let line = lines.get(key);
      if (line === undefined) {
        const values = Array.from({ length: current.shape[axis]! }, (_, k) => at(current, position.with(axis, k)));
        line = resizedLine(order, values, extent);
        lines.set(key, line);
      }
      return line[position[axis]!]!;
    });
  }, x);
}
