/**
 * How values are reduced: each class joins four columns at a time, and keeps longer results in slots of memory. Sums are joined in f32 over at
 * most a few dozen rows and kept in f64, which makes them accurate to about 10⁻⁷ whatever the number of elements.
 */
import { highDoubles, lowDoubles } from '../../device/cpu/simd.as';

/** Adds four floats to four f64 slots. */
@inline
function addToDoubles(slots: usize, value: v128): void {
  v128.store(slots, f64x2.add(v128.load(slots), lowDoubles(value)));
  v128.store(slots, f64x2.add(v128.load(slots, 16), highDoubles(value)), 16);
}

@unmanaged export class Sum {
  @inline slotBytes(): i32 { return 8; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  /** The value of nothing, in four slots. */
  @inline clear(slots: usize): void {
    v128.store(slots, f64x2.splat(0));
    v128.store(slots, f64x2.splat(0), 16);
  }
  /** Joins four mapped values into four slots. */
  @inline keep(slots: usize, value: v128): void { addToDoubles(slots, value); }
  /** Joins one element of x into one slot. */
  @inline keepOne(slot: usize, x: usize): void { store<f64>(slot, load<f64>(slot) + <f64>load<f32>(x)); }
  /** Joins one slot into another. */
  @inline merge(slot: usize, other: usize): void { store<f64>(slot, load<f64>(slot) + load<f64>(other)); }
  /** Writes a slot as an element of the result. */
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<f32>(out, <f32>(load<f64>(slot) / divisor)); }
}

@unmanaged export class SumOfSquares {
  @inline slotBytes(): i32 { return 8; }
  @inline map(x: v128): v128 { return f32x4.mul(x, x); }
  @inline join(a: v128, b: v128): v128 { return f32x4.add(a, b); }
  @inline clear(slots: usize): void { changetype<Sum>(0).clear(slots); }
  @inline keep(slots: usize, value: v128): void { addToDoubles(slots, value); }
  @inline keepOne(slot: usize, x: usize): void {
    const value = <f64>load<f32>(x);
    store<f64>(slot, load<f64>(slot) + value * value);
  }
  @inline merge(slot: usize, other: usize): void { changetype<Sum>(0).merge(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { changetype<Sum>(0).finish(slot, out, divisor); }
}

/** NaN wins, as in PyTorch. */
@unmanaged export class Max {
  @inline slotBytes(): i32 { return 4; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return f32x4.max(a, b); }
  @inline clear(slots: usize): void { v128.store(slots, f32x4.splat(-Infinity)); }
  @inline keep(slots: usize, value: v128): void { v128.store(slots, f32x4.max(v128.load(slots), value)); }
  @inline keepOne(slot: usize, x: usize): void { store<f32>(slot, max<f32>(load<f32>(slot), load<f32>(x))); }
  @inline merge(slot: usize, other: usize): void { this.keepOne(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<f32>(out, load<f32>(slot)); }
}

@unmanaged export class Min {
  @inline slotBytes(): i32 { return 4; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return f32x4.min(a, b); }
  @inline clear(slots: usize): void { v128.store(slots, f32x4.splat(Infinity)); }
  @inline keep(slots: usize, value: v128): void { v128.store(slots, f32x4.min(v128.load(slots), value)); }
  @inline keepOne(slot: usize, x: usize): void { store<f32>(slot, min<f32>(load<f32>(slot), load<f32>(x))); }
  @inline merge(slot: usize, other: usize): void { this.keepOne(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<f32>(out, load<f32>(slot)); }
}

/** Wraps around at 2³². */
@unmanaged export class IntSum {
  @inline slotBytes(): i32 { return 4; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return i32x4.add(a, b); }
  @inline clear(slots: usize): void { v128.store(slots, i32x4.splat(0)); }
  @inline keep(slots: usize, value: v128): void { v128.store(slots, i32x4.add(v128.load(slots), value)); }
  @inline keepOne(slot: usize, x: usize): void { store<i32>(slot, load<i32>(slot) + load<i32>(x)); }
  @inline merge(slot: usize, other: usize): void { this.keepOne(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<i32>(out, load<i32>(slot)); }
}

@unmanaged export class IntMax {
  @inline slotBytes(): i32 { return 4; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return i32x4.max_s(a, b); }
  @inline clear(slots: usize): void { v128.store(slots, i32x4.splat(i32.MIN_VALUE)); }
  @inline keep(slots: usize, value: v128): void { v128.store(slots, i32x4.max_s(v128.load(slots), value)); }
  @inline keepOne(slot: usize, x: usize): void { store<i32>(slot, max(load<i32>(slot), load<i32>(x))); }
  @inline merge(slot: usize, other: usize): void { this.keepOne(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<i32>(out, load<i32>(slot)); }
}

@unmanaged export class IntMin {
  @inline slotBytes(): i32 { return 4; }
  @inline map(x: v128): v128 { return x; }
  @inline join(a: v128, b: v128): v128 { return i32x4.min_s(a, b); }
  @inline clear(slots: usize): void { v128.store(slots, i32x4.splat(i32.MAX_VALUE)); }
  @inline keep(slots: usize, value: v128): void { v128.store(slots, i32x4.min_s(v128.load(slots), value)); }
  @inline keepOne(slot: usize, x: usize): void { store<i32>(slot, min(load<i32>(slot), load<i32>(x))); }
  @inline merge(slot: usize, other: usize): void { this.keepOne(slot, other); }
  @inline finish(slot: usize, out: usize, divisor: f64): void { store<i32>(out, load<i32>(slot)); }
}
