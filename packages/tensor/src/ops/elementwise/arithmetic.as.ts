/** Arithmetic of two f32 or i32 tensors. */
import { Op } from './binary-function.as';
import { broadcast, Broadcast } from './broadcast.as';

export function binaryAdd(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Add, q, item);
}

export function binarySub(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Sub, q, item);
}

export function binaryMul(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Mul, q, item);
}

export function binaryDiv(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Div, q, item);
}

export function binaryPow(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Pow, q, item);
}

export function binaryMax(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Max, q, item);
}

export function binaryMin(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Min, q, item);
}

export function binaryLeakyReluGradient(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.LeakyReluGradient, q, item);
}

export function binarySquaredDifference(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.SquaredDifference, q, item);
}

export function binaryIntAdd(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntAdd, q, item);
}

export function binaryIntSub(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntSub, q, item);
}

export function binaryIntMul(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntMul, q, item);
}

export function binaryIntDiv(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntDiv, q, item);
}

export function binaryIntPow(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntPow, q, item);
}

export function binaryIntMax(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntMax, q, item);
}

export function binaryIntMin(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntMin, q, item);
}

export function binaryIntLeakyReluGradient(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntLeakyReluGradient, q, item);
}

export function binaryIntSquaredDifference(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntSquaredDifference, q, item);
}
