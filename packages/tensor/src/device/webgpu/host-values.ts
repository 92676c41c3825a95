/** Host values to the bytes a GPU buffer holds and back: f16 as two bytes, u8 and bool widened to 32-bit words. */
import { type DType, type HostArray, hostArray } from '../../dtype.ts';

const floatWord = new Float32Array(1);
const bitsWord = new Uint32Array(floatWord.buffer);

/** The bits of `value` rounded to half precision, ties to even. */
export function halfBits(value: number): number {
  floatWord[0] = value;
  const bits = bitsWord[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and more: infinity (65520 to 65536 gets there by the carry below)
  if (magnitude < 0x38800000) {
    // Below 2⁻¹⁴: multiples of 2⁻²⁴. Adding ½ lets the f32 addition do the rounding.
    floatWord[0] = Math.abs(value) + 0.5;
    return sign | (bitsWord[0]! - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

const halfValues = new Float32Array(65536);
let halfValuesFilled = false;

/** All 65,536 half-precision values by their bits. */
function halfTable(): Float32Array {
  if (halfValuesFilled) return halfValues;
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >>> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    halfValues[bits] = bits >= 0x8000 ? -magnitude : magnitude;
  }
  halfValuesFilled = true;
  return halfValues;
}

/** A copy of `values` as `dtype` lies in a GPU buffer, padded to whole 32-bit words. */
export function encodeHostValues(dtype: DType, values: HostArray): Uint8Array<ArrayBuffer> {
  const words = new ArrayBuffer(dtype === 'f16' ? Math.ceil(values.length / 2) * 4 : values.length * 4);
  if (dtype === 'f16') {
    const halves = new Uint16Array(words);
    for (let i = 0; i < values.length; i++) halves[i] = halfBits(values[i]!);
  } else if (dtype === 'f32') new Float32Array(words).set(values);
  else if (dtype === 'i32') new Int32Array(words).set(values);
  else new Uint32Array(words).set(values);
  return new Uint8Array(words);
}

/** The `length` elements of `dtype` in `bytes`, as a host array of their own. */
export function decodeHostValues(dtype: DType, bytes: ArrayBuffer, length: number): HostArray {
  const values = hostArray(dtype, length);
  if (dtype === 'f16') {
    const halves = new Uint16Array(bytes, 0, length);
    const table = halfTable();
    for (let i = 0; i < length; i++) values[i] = table[halves[i]!]!;
  } else if (dtype === 'f32') values.set(new Float32Array(bytes, 0, length));
  else if (dtype === 'i32') values.set(new Int32Array(bytes, 0, length));
  else values.set(new Uint32Array(bytes, 0, length));
  return values;
}
