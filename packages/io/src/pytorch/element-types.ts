/** The number types of PyTorch's storages and what their bytes become. */
import { floatFromHalf, VoxelgradError } from '@voxelgrad/tensor';

export type TorchType =
  | 'f64'
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'i64'
  | 'i32'
  | 'i16'
  | 'i8'
  | 'u64'
  | 'u32'
  | 'u16'
  | 'u8'
  | 'bool';

export type TorchData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

export const bytesPerElement: Readonly<Record<TorchType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
};

/** Names of storages in the modules `torch` and `torch.cuda`. Complex and quantised ones are left out. */
export const storageTypes: Readonly<Record<string, TorchType>> = {
  DoubleStorage: 'f64',
  FloatStorage: 'f32',
  HalfStorage: 'f16',
  BFloat16Storage: 'bf16',
  LongStorage: 'i64',
  IntStorage: 'i32',
  ShortStorage: 'i16',
  CharStorage: 'i8',
  ByteStorage: 'u8',
  BoolStorage: 'bool',
};

/** Names of types in the module `torch`. */
export const typeNames: Readonly<Record<string, TorchType>> = {
  float64: 'f64',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int64: 'i64',
  int32: 'i32',
  int16: 'i16',
  int8: 'i8',
  uint64: 'u64',
  uint32: 'u32',
  uint16: 'u16',
  uint8: 'u8',
  bool: 'bool',
};

/** The numbers in `bytes` (little-endian), whose memory becomes theirs where no conversion is needed. `bytes` has its buffer to itself. */
export function valuesOf(dtype: TorchType, { buffer }: Uint8Array<ArrayBuffer>, what: string): TorchData {
  switch (dtype) {
    case 'f64':
      return new Float64Array(buffer);
    case 'f32':
      return new Float32Array(buffer);
    case 'f16':
      return Float32Array.from(new Uint16Array(buffer), floatFromHalf);
    case 'bf16':
      return floatsFromBrainFloats(new Uint16Array(buffer));
    case 'i64':
      return new BigInt64Array(buffer);
    case 'i32':
      return new Int32Array(buffer);
    case 'i16':
      return new Int16Array(buffer);
    case 'i8':
      return new Int8Array(buffer);
    case 'u64':
      return new BigUint64Array(buffer);
    case 'u32':
      return new Uint32Array(buffer);
    case 'u16':
      return new Uint16Array(buffer);
    case 'u8':
      return new Uint8Array(buffer);
    case 'bool':
      return checkedBools(new Uint8Array(buffer), what);
  }
}

/** A bfloat16 is the upper half of a float. */
function floatsFromBrainFloats(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

function checkedBools(values: Uint8Array, what: string): Uint8Array {
  const stray = values.find((value) => value > 1);
  if (stray === undefined) return values;
  throw new VoxelgradError('format', { what, expected: 'truth values of 0 or 1', got: String(stray) });
}

/** The values as f32, where they are numbers that f32 holds well enough to compute with. */
export function toFloats(data: TorchData): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number);
}
