/** Host values to the bytes a GPU buffer holds and back: f16 as two bytes, u8 and bool widened to 32-bit words. */
import { type DType, type HostArray, hostArray } from '../../dtype.ts';
import { floatToHalf, halfToFloat } from '../half.ts';

/** A copy of `values` as `dtype` lies in a GPU buffer, padded to whole 32-bit words. */
export function encodeHostValues(dtype: DType, values: HostArray): Uint8Array<ArrayBuffer> {
  const words = new ArrayBuffer(dtype === 'f16' ? Math.ceil(values.length / 2) * 4 : values.length * 4);
  if (dtype === 'f16') floatToHalf(Float32Array.from(values), new Uint16Array(words));
  else if (dtype === 'f32') new Float32Array(words).set(values);
  else if (dtype === 'i32') new Int32Array(words).set(values);
  else new Uint32Array(words).set(values);
  return new Uint8Array(words);
}

/** The `length` elements of `dtype` in `bytes`, as a host array of their own. */
export function decodeHostValues(dtype: DType, bytes: ArrayBuffer, length: number): HostArray {
  if (dtype === 'f32') return new Float32Array(bytes, 0, length);
  if (dtype === 'i32') return new Int32Array(bytes, 0, length);
  const values = hostArray(dtype, length);
  if (dtype === 'f16') halfToFloat(new Uint16Array(bytes, 0, length), values as Float32Array);
  else values.set(new Uint32Array(bytes, 0, length));
  return values;
}
