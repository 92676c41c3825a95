/**
 * What a safetensors file holds: named arrays of a few number types, in the machine's own (little-endian) byte order.
 * Format: https://huggingface.co/docs/safetensors (8 bytes of header length, a JSON header, one contiguous block of values).
 */

/** F16 and F32 both come as Float32Array (every half is a float; Node 20 has no Float16Array); BOOL comes as bytes 0 and 1. */
export type SafetensorsArrays = {
  F64: Float64Array;
  F32: Float32Array;
  F16: Float32Array;
  I64: BigInt64Array;
  I32: Int32Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
};

/** The format's names of data types. */
export type SafetensorsDType = keyof SafetensorsArrays;

/** One tensor: its values lie in row-major order; `shape` [] is a single number. */
export type SafetensorsEntry = {
  [D in SafetensorsDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: SafetensorsArrays[D];
  };
}[SafetensorsDType];

export const bytesPerValue: Readonly<Record<SafetensorsDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  I64: 8,
  I32: 4,
  U8: 1,
  BOOL: 1,
};

export const isSafetensorsDType = (value: unknown): value is SafetensorsDType =>
  typeof value === 'string' && Object.hasOwn(bytesPerValue, value);
