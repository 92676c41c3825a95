/** Elementwise kernels with broadcasting. Floats are computed in f32 whatever their storage. */
import type { Operand } from '../../device/device.ts';

/**
 * Functions of one value `x` and one constant `p`. f32 or f16 in and out (same dtype); `neg`, `abs`, `square`, `scale`, `shift` take i32 too.
 * gelu is the exact one (with erf), geluTanh the approximation.
 */
export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'square'
  | 'sqrt'
  | 'rsqrt'
  | 'exp'
  | 'log'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'erf'
  | 'floor'
  | 'ceil'
  | 'round' // round: halves to even
  | 'sigmoid'
  | 'tanh'
  | 'softplus' // softplus: ln(1 + eˣ), without overflow
  | 'scale' // x · p
  | 'shift' // x + p
  | 'power' // xᵖ as PyTorch: negative x only with whole p
  | 'reciprocal'
  | 'relu'
  | 'leakyRelu' // p: slope
  | 'elu' // p: alpha
  | 'gelu'
  | 'geluTanh'
  | 'silu'
  | 'clampMin'
  | 'clampMax' // p: the bound
  | 'isFinite'; // 1 or 0 in x's dtype

/** Arithmetic of two values of the same dtype (f32, f16 or i32) with that dtype as result. */
export type ArithmeticOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'max'
  | 'min'
  | 'leakyReluGradient' // a · (b > 0 ? 1 : p): a the gradient, b the input
  | 'squaredDifference';

/** Comparisons of f32, f16, i32, u8 or bool; the result is bool. */
export type ComparisonOp = 'equal' | 'notEqual' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual';

/** On bool. */
export type LogicalOp = 'and' | 'or' | 'xor';

export interface ElementwiseKernels {
  unary(op: UnaryOp, x: Operand, out: Operand, p: number): void;
  /** `out` has the broadcast shape of a and b (rank ≤ 6). `p` is used by ops that name it. */
  binary(op: ArithmeticOp | ComparisonOp | LogicalOp, a: Operand, b: Operand, out: Operand, p: number): void;
  /** `out = condition ? a : b`, condition bool, all broadcast to out's shape; a, b and out share a dtype (any). */
  where(condition: Operand, a: Operand, b: Operand, out: Operand): void;
  /** In place: `target += scale · x`, same shape, both f32. */
  accumulate(x: Operand, target: Operand, scale: number): void;
}
