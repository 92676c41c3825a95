/** The kernels of arithmetic, comparisons, logic and selection. */
import * as f from './binary-functions.as';
import { binary, Broadcast, where } from './broadcast.as';

export function binaryAdd(q: Broadcast, item: i32, thread: i32): void { binary<f.Add, i32, i32>(q, item); }
export function binarySub(q: Broadcast, item: i32, thread: i32): void { binary<f.Sub, i32, i32>(q, item); }
export function binaryMul(q: Broadcast, item: i32, thread: i32): void { binary<f.Mul, i32, i32>(q, item); }
export function binaryDiv(q: Broadcast, item: i32, thread: i32): void { binary<f.Div, i32, i32>(q, item); }
export function binaryPow(q: Broadcast, item: i32, thread: i32): void { binary<f.Pow, i32, i32>(q, item); }
export function binaryMax(q: Broadcast, item: i32, thread: i32): void { binary<f.Max, i32, i32>(q, item); }
export function binaryMin(q: Broadcast, item: i32, thread: i32): void { binary<f.Min, i32, i32>(q, item); }
export function binaryLeakyReluGradient(q: Broadcast, item: i32, thread: i32): void { binary<f.LeakyReluGradient, i32, i32>(q, item); }
export function binarySquaredDifference(q: Broadcast, item: i32, thread: i32): void { binary<f.SquaredDifference, i32, i32>(q, item); }
export function binaryIntAdd(q: Broadcast, item: i32, thread: i32): void { binary<f.IntAdd, i32, i32>(q, item); }
export function binaryIntSub(q: Broadcast, item: i32, thread: i32): void { binary<f.IntSub, i32, i32>(q, item); }
export function binaryIntMul(q: Broadcast, item: i32, thread: i32): void { binary<f.IntMul, i32, i32>(q, item); }
export function binaryIntDiv(q: Broadcast, item: i32, thread: i32): void { binary<f.IntDiv, i32, i32>(q, item); }
export function binaryIntPow(q: Broadcast, item: i32, thread: i32): void { binary<f.IntPow, i32, i32>(q, item); }
export function binaryIntMax(q: Broadcast, item: i32, thread: i32): void { binary<f.IntMax, i32, i32>(q, item); }
export function binaryIntMin(q: Broadcast, item: i32, thread: i32): void { binary<f.IntMin, i32, i32>(q, item); }
export function binaryIntLeakyReluGradient(q: Broadcast, item: i32, thread: i32): void { binary<f.IntLeakyReluGradient, i32, i32>(q, item); }
export function binaryIntSquaredDifference(q: Broadcast, item: i32, thread: i32): void { binary<f.IntSquaredDifference, i32, i32>(q, item); }
export function binaryEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.Equal, i32, u8>(q, item); }
export function binaryNotEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.NotEqual, i32, u8>(q, item); }
export function binaryLess(q: Broadcast, item: i32, thread: i32): void { binary<f.Less, i32, u8>(q, item); }
export function binaryLessEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.LessEqual, i32, u8>(q, item); }
export function binaryGreater(q: Broadcast, item: i32, thread: i32): void { binary<f.Greater, i32, u8>(q, item); }
export function binaryGreaterEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.GreaterEqual, i32, u8>(q, item); }
export function binaryIntEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.IntEqual, i32, u8>(q, item); }
export function binaryIntNotEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.IntNotEqual, i32, u8>(q, item); }
export function binaryIntLess(q: Broadcast, item: i32, thread: i32): void { binary<f.IntLess, i32, u8>(q, item); }
export function binaryIntLessEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.IntLessEqual, i32, u8>(q, item); }
export function binaryIntGreater(q: Broadcast, item: i32, thread: i32): void { binary<f.IntGreater, i32, u8>(q, item); }
export function binaryIntGreaterEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.IntGreaterEqual, i32, u8>(q, item); }
export function binaryByteEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteEqual, u8, u8>(q, item); }
export function binaryByteNotEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteNotEqual, u8, u8>(q, item); }
export function binaryByteLess(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteLess, u8, u8>(q, item); }
export function binaryByteLessEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteLessEqual, u8, u8>(q, item); }
export function binaryByteGreater(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteGreater, u8, u8>(q, item); }
export function binaryByteGreaterEqual(q: Broadcast, item: i32, thread: i32): void { binary<f.ByteGreaterEqual, u8, u8>(q, item); }
export function binaryByteAnd(q: Broadcast, item: i32, thread: i32): void { binary<f.And, u8, u8>(q, item); }
export function binaryByteOr(q: Broadcast, item: i32, thread: i32): void { binary<f.Or, u8, u8>(q, item); }
export function binaryByteXor(q: Broadcast, item: i32, thread: i32): void { binary<f.Xor, u8, u8>(q, item); }

export function whereByte(q: Broadcast, item: i32, thread: i32): void { where<u8>(q, item); }
export function whereHalf(q: Broadcast, item: i32, thread: i32): void { where<u16>(q, item); }
export function whereWord(q: Broadcast, item: i32, thread: i32): void { where<u32>(q, item); }
