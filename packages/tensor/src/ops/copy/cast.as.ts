/** Conversions between data types, four elements at a time. To integers: towards 0, saturating, NaN as 0. */
import { floatsFromHalves, halvesFromFloats, packHalves } from '../../device/cpu/half.as';
import { chunkEnd, storeBytes } from '../../device/cpu/simd.as';

@unmanaged
class Cast {
  x: usize;
  out: usize;
  size: i32;
  chunk: i32;
}

/** Sources: four elements as floats, as integers, or as a mask of those that are not 0. */
@unmanaged class FloatSource {
  @inline bytes(): i32 { return 4; }
  @inline floats(from: usize): v128 { return v128.load(from); }
  @inline integers(from: usize): v128 { return i32x4.trunc_sat_f32x4_s(v128.load(from)); }
  @inline nonZero(from: usize): v128 { return f32x4.ne(v128.load(from), f32x4.splat(0)); }
}

@unmanaged class HalfSource {
  @inline bytes(): i32 { return 2; }
  @inline floats(from: usize): v128 { return floatsFromHalves(v128.load16x4_u(from)); }
  @inline integers(from: usize): v128 { return i32x4.trunc_sat_f32x4_s(this.floats(from)); }
  @inline nonZero(from: usize): v128 { return f32x4.ne(this.floats(from), f32x4.splat(0)); }
}

@unmanaged class IntSource {
  @inline bytes(): i32 { return 4; }
  @inline floats(from: usize): v128 { return f32x4.convert_i32x4_s(v128.load(from)); }
  @inline integers(from: usize): v128 { return v128.load(from); }
  @inline nonZero(from: usize): v128 { return i32x4.ne(v128.load(from), i32x4.splat(0)); }
}

@unmanaged class ByteSource {
  @inline bytes(): i32 { return 1; }
  @inline floats(from: usize): v128 { return f32x4.convert_i32x4_s(this.integers(from)); }
  @inline integers(from: usize): v128 { return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from))); }
  @inline nonZero(from: usize): v128 { return i32x4.ne(this.integers(from), i32x4.splat(0)); }
}

/** Targets give the bytes of four elements at the front of the vector. */
@unmanaged class FloatTarget {
  @inline bytes(): i32 { return 4; }
  @inline from<S>(x: usize): v128 { return changetype<S>(0).floats(x); }
}

@unmanaged class HalfTarget {
  @inline bytes(): i32 { return 2; }
  @inline from<S>(x: usize): v128 { return packHalves(halvesFromFloats(changetype<S>(0).floats(x))); }
}

@unmanaged class IntTarget {
  @inline bytes(): i32 { return 4; }
  @inline from<S>(x: usize): v128 { return changetype<S>(0).integers(x); }
}

@unmanaged class ByteTarget {
  @inline bytes(): i32 { return 1; }
  @inline from<S>(x: usize): v128 {
    const value = changetype<S>(0).integers(x);
    const words = i16x8.narrow_i32x4_s(value, value);
    return i8x16.narrow_i16x8_u(words, words);
  }
}

@unmanaged class BoolTarget {
  @inline bytes(): i32 { return 1; }
  @inline from<S>(x: usize): v128 {
    const mask = changetype<S>(0).nonZero(x);
    return v128.and(i8x16.shuffle(mask, mask, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), i8x16.splat(1));
  }
}

@inline
function cast<S, T>(q: Cast, item: i32): void {
  const source = changetype<S>(0);
  const target = changetype<T>(0);
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let x = q.x + <usize>start * source.bytes();
  let out = q.out + <usize>start * target.bytes();
  let value: v128;
  // Computes before it tests, so that V8 keeps constants out of the loop.
  do {
    value = target.from<S>(x);
    if (count < 4) break;
    if (target.bytes() == 4) v128.store(out, value);
    else if (target.bytes() == 2) v128.store64_lane(out, value, 0);
    else v128.store32_lane(out, value, 0);
    x += 4 * source.bytes();
    out += 4 * target.bytes();
    count -= 4;
  } while (count > 0);
  if (count > 0) storeBytes(out, value, count * target.bytes());
}

export function castFloatToFloat(q: Cast, item: i32, thread: i32): void { cast<FloatSource, FloatTarget>(q, item); }
export function castFloatToHalf(q: Cast, item: i32, thread: i32): void { cast<FloatSource, HalfTarget>(q, item); }
export function castFloatToInt(q: Cast, item: i32, thread: i32): void { cast<FloatSource, IntTarget>(q, item); }
export function castFloatToByte(q: Cast, item: i32, thread: i32): void { cast<FloatSource, ByteTarget>(q, item); }
export function castFloatToBool(q: Cast, item: i32, thread: i32): void { cast<FloatSource, BoolTarget>(q, item); }
export function castHalfToFloat(q: Cast, item: i32, thread: i32): void { cast<HalfSource, FloatTarget>(q, item); }
export function castHalfToHalf(q: Cast, item: i32, thread: i32): void { cast<HalfSource, HalfTarget>(q, item); }
export function castHalfToInt(q: Cast, item: i32, thread: i32): void { cast<HalfSource, IntTarget>(q, item); }
export function castHalfToByte(q: Cast, item: i32, thread: i32): void { cast<HalfSource, ByteTarget>(q, item); }
export function castHalfToBool(q: Cast, item: i32, thread: i32): void { cast<HalfSource, BoolTarget>(q, item); }
export function castIntToFloat(q: Cast, item: i32, thread: i32): void { cast<IntSource, FloatTarget>(q, item); }
export function castIntToHalf(q: Cast, item: i32, thread: i32): void { cast<IntSource, HalfTarget>(q, item); }
export function castIntToInt(q: Cast, item: i32, thread: i32): void { cast<IntSource, IntTarget>(q, item); }
export function castIntToByte(q: Cast, item: i32, thread: i32): void { cast<IntSource, ByteTarget>(q, item); }
export function castIntToBool(q: Cast, item: i32, thread: i32): void { cast<IntSource, BoolTarget>(q, item); }
export function castByteToFloat(q: Cast, item: i32, thread: i32): void { cast<ByteSource, FloatTarget>(q, item); }
export function castByteToHalf(q: Cast, item: i32, thread: i32): void { cast<ByteSource, HalfTarget>(q, item); }
export function castByteToInt(q: Cast, item: i32, thread: i32): void { cast<ByteSource, IntTarget>(q, item); }
export function castByteToByte(q: Cast, item: i32, thread: i32): void { cast<ByteSource, ByteTarget>(q, item); }
export function castByteToBool(q: Cast, item: i32, thread: i32): void { cast<ByteSource, BoolTarget>(q, item); }
