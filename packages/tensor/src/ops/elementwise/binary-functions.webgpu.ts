/** The binary ops as WGSL, for four values each of `a` and `b` and the constant `p`; functions come from common/math.wgsl. */
import type { ArithmeticOp, ComparisonOp, LogicalOp } from './elementwise.kernels.ts';

const ARITHMETIC: Readonly<Record<ArithmeticOp, string>> = {
  add: 'a + b',
  sub: 'a - b',
  mul: 'a * b',
  div: 'a / b',
  pow: 'power(a, b)',
  max: 'larger(a, b)',
  min: 'smaller(a, b)',
  leakyReluGradient: 'select(a * p, a, b > vec4<value>())',
  squaredDifference: '(a - b) * (a - b)',
};

/** Where integers differ from floats. */
const INTEGER_ARITHMETIC: Readonly<Partial<Record<ArithmeticOp, string>>> = {
  pow: 'integer_power(a, b)',
  max: 'max(a, b)',
  min: 'min(a, b)',
};

const COMPARISONS: Readonly<Record<ComparisonOp, string>> = {
  equal: 'a == b',
  notEqual: 'a != b',
  less: 'a < b',
  lessEqual: 'a <= b',
  greater: 'a > b',
  greaterEqual: 'a >= b',
};

const LOGIC: Readonly<Record<LogicalOp, string>> = { and: 'a & b', or: 'a | b', xor: 'a ^ b' };

export interface BinaryFunction {
  readonly expression: string;
  /** The result is a truth value (a vector of u32) rather than of the operands' kind. */
  readonly boolean: boolean;
}

/** `integer`: the operands are i32. */
export function binaryFunction(op: ArithmeticOp | ComparisonOp | LogicalOp, integer: boolean): BinaryFunction {
  if (op in COMPARISONS) {
    const comparison = COMPARISONS[op as ComparisonOp];
    return { expression: `select(vec4<u32>(0u), vec4<u32>(1u), ${comparison})`, boolean: true };
  }
  if (op in LOGIC) return { expression: LOGIC[op as LogicalOp], boolean: true };
  const arithmetic = op as ArithmeticOp;
  const expression = (integer ? INTEGER_ARITHMETIC[arithmetic] : undefined) ?? ARITHMETIC[arithmetic];
  return { expression, boolean: false };
}
