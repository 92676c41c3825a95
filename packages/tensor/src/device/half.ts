/**
 * IEEE 754 half precision (binary16) on the host: 1 sign, 5 exponent and 10 fraction bits. Conversion to half rounds to nearest, ties to even,
 * as PyTorch and every GPU do.
 */
import { roundHalfEven } from '../rounding.ts';

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

/** The bits of the half nearest to `value`; beyond ±65,504 (after rounding) that is infinity. */
export function halfFromFloat(value: number): number {
  asFloat[0] = value;
  const bits = asBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 2^16 and more, infinity included
  if (magnitude >= 0x38800000) {
    // Normal: move the exponent from bias 127 to 15 and round away 13 bits. A carry into the exponent is the right answer.
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal: the unit is 2^-24. Doubles hold the product exactly, so only this rounding counts.
  asBits[0] = magnitude;
  return sign | roundHalfEven(asFloat[0]! * 2 ** 24);
}

/** The value of the half with these 16 bits, exactly. */
export function floatFromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function halfToFloat(from: Uint16Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) to[i] = floatFromHalf(from[i]!);
}

export function floatToHalf(from: Float32Array, to: Uint16Array): void {
  for (let i = 0; i < from.length; i++) to[i] = halfFromFloat(from[i]!);
}
