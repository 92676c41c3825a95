/** Comparisons of two f32, i32 or u8 tensors, logic of two bool tensors, and selection by a bool tensor. */
import { Op } from './binary-function.as';
import { broadcast, Broadcast } from './broadcast.as';

export function binaryEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Equal, q, item);
}

export function binaryNotEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.NotEqual, q, item);
}

export function binaryLess(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Less, q, item);
}

export function binaryLessEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.LessEqual, q, item);
}

export function binaryGreater(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Greater, q, item);
}

export function binaryGreaterEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.GreaterEqual, q, item);
}

export function binaryIntEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntEqual, q, item);
}

export function binaryIntNotEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntNotEqual, q, item);
}

export function binaryIntLess(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntLess, q, item);
}

export function binaryIntLessEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntLessEqual, q, item);
}

export function binaryIntGreater(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntGreater, q, item);
}

export function binaryIntGreaterEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.IntGreaterEqual, q, item);
}

export function binaryByteEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteEqual, q, item);
}

export function binaryByteNotEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteNotEqual, q, item);
}

export function binaryByteLess(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteLess, q, item);
}

export function binaryByteLessEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteLessEqual, q, item);
}

export function binaryByteGreater(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteGreater, q, item);
}

export function binaryByteGreaterEqual(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.ByteGreaterEqual, q, item);
}

export function binaryByteAnd(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.And, q, item);
}

export function binaryByteOr(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Or, q, item);
}

export function binaryByteXor(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.Xor, q, item);
}

export function whereByte(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.WhereByte, q, item);
}

export function whereHalf(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.WhereHalf, q, item);
}

export function whereWord(q: Broadcast, item: i32, thread: i32): void {
  broadcast(Op.WhereWord, q, item);
}
