/**
 * The kernels of functions of one f32 or i32 tensor. The loop computes before it tests: only then does V8 keep the function's constants in
 * registers or on the stack, else it makes them anew in every turn.
 */
import { chunkEnd, storeLanes32 } from '../../device/cpu/simd.as';
import * as f from './unary-functions.as';

@unmanaged
class Unary {
  x: usize;
  out: usize;
  size: i32;
  chunk: i32;
  /** The constant: the bits of a float, or an integer for integer tensors. */
  p: i32;
}

@inline
function run<F>(q: Unary, item: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let from = q.x + (<usize>start << 2);
  let to = q.out + (<usize>start << 2);
  const p = i32x4.splat(q.p);
  const f = changetype<F>(0);
  let value: v128;
  do {
    value = f.of(v128.load(from), p);
    if (count < 4) break;
    v128.store(to, value);
    from += 16;
    to += 16;
    count -= 4;
  } while (count > 0);
  if (count > 0) storeLanes32(to, value, count);
}

export function unaryNeg(q: Unary, item: i32, thread: i32): void { run<f.Neg>(q, item); }
export function unaryAbs(q: Unary, item: i32, thread: i32): void { run<f.Abs>(q, item); }
export function unarySign(q: Unary, item: i32, thread: i32): void { run<f.Sign>(q, item); }
export function unarySquare(q: Unary, item: i32, thread: i32): void { run<f.Square>(q, item); }
export function unarySqrt(q: Unary, item: i32, thread: i32): void { run<f.Sqrt>(q, item); }
export function unaryRsqrt(q: Unary, item: i32, thread: i32): void { run<f.Rsqrt>(q, item); }
export function unaryExp(q: Unary, item: i32, thread: i32): void { run<f.Exp>(q, item); }
export function unaryLog(q: Unary, item: i32, thread: i32): void { run<f.Log>(q, item); }
export function unaryLog1p(q: Unary, item: i32, thread: i32): void { run<f.Log1p>(q, item); }
export function unarySin(q: Unary, item: i32, thread: i32): void { run<f.Sin>(q, item); }
export function unaryCos(q: Unary, item: i32, thread: i32): void { run<f.Cos>(q, item); }
export function unaryErf(q: Unary, item: i32, thread: i32): void { run<f.Erf>(q, item); }
export function unaryFloor(q: Unary, item: i32, thread: i32): void { run<f.Floor>(q, item); }
export function unaryCeil(q: Unary, item: i32, thread: i32): void { run<f.Ceil>(q, item); }
export function unaryRound(q: Unary, item: i32, thread: i32): void { run<f.Round>(q, item); }
export function unarySigmoid(q: Unary, item: i32, thread: i32): void { run<f.Sigmoid>(q, item); }
export function unaryTanh(q: Unary, item: i32, thread: i32): void { run<f.Tanh>(q, item); }
export function unarySoftplus(q: Unary, item: i32, thread: i32): void { run<f.Softplus>(q, item); }
export function unaryScale(q: Unary, item: i32, thread: i32): void { run<f.Scale>(q, item); }
export function unaryShift(q: Unary, item: i32, thread: i32): void { run<f.Shift>(q, item); }
export function unaryPower(q: Unary, item: i32, thread: i32): void { run<f.Power>(q, item); }
export function unaryReciprocal(q: Unary, item: i32, thread: i32): void { run<f.Reciprocal>(q, item); }
export function unaryRelu(q: Unary, item: i32, thread: i32): void { run<f.Relu>(q, item); }
export function unaryLeakyRelu(q: Unary, item: i32, thread: i32): void { run<f.LeakyRelu>(q, item); }
export function unaryElu(q: Unary, item: i32, thread: i32): void { run<f.Elu>(q, item); }
export function unaryGelu(q: Unary, item: i32, thread: i32): void { run<f.Gelu>(q, item); }
export function unaryGeluTanh(q: Unary, item: i32, thread: i32): void { run<f.GeluTanh>(q, item); }
export function unarySilu(q: Unary, item: i32, thread: i32): void { run<f.Silu>(q, item); }
export function unaryClampMin(q: Unary, item: i32, thread: i32): void { run<f.ClampMin>(q, item); }
export function unaryClampMax(q: Unary, item: i32, thread: i32): void { run<f.ClampMax>(q, item); }
export function unaryIsFinite(q: Unary, item: i32, thread: i32): void { run<f.IsFinite>(q, item); }
export function unaryIntNeg(q: Unary, item: i32, thread: i32): void { run<f.IntNeg>(q, item); }
export function unaryIntAbs(q: Unary, item: i32, thread: i32): void { run<f.IntAbs>(q, item); }
export function unaryIntSquare(q: Unary, item: i32, thread: i32): void { run<f.IntSquare>(q, item); }
export function unaryIntScale(q: Unary, item: i32, thread: i32): void { run<f.IntScale>(q, item); }
export function unaryIntShift(q: Unary, item: i32, thread: i32): void { run<f.IntShift>(q, item); }
