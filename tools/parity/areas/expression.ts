/**
 * Expressions over a case's inputs as the fixtures write them: `(a*b+c).transpose(1,2)*b`, `where(c>0,a,b)`, `mean(a,[2,3],keepdim)`. Read by recursive
 * descent: comparisons of sums of products of names, numbers, calls, lists and parentheses, with calls behind a dot.
 */
import * as vg from '@voxelgrad/tensor';
import { Tensor, VoxelgradError } from '@voxelgrad/tensor';

type Value = Tensor | number | readonly number[] | 'keepdim';

/** What may be called, `f(x, …)` or `x.f(…)`. */
const FUNCTIONS: Readonly<Record<string, (...values: readonly Value[]) => Tensor>> = {
  transpose: (x, first, second) => {
    const order = [...tensor(x).shape.keys()];
    const [a, b] = [first, second].map((axis) => (number(axis) + order.length) % order.length) as [number, number];
    [order[a], order[b]] = [order[b]!, order[a]!];
    return vg.permute(tensor(x), order);
  },
  where: (condition, yes, no) => vg.where(tensor(condition), tensor(yes), tensor(no)),
  mean: (x, axes, keep) => vg.mean(tensor(x), reduced(axes, keep)),
  sum: (x, axes, keep) => vg.sum(tensor(x), reduced(axes, keep)),
  exp: (x) => vg.exp(tensor(x)),
  log: (x) => vg.log(tensor(x)),
  sqrt: (x) => vg.sqrt(tensor(x)),
  abs: (x) => vg.abs(tensor(x)),
  relu: (x) => vg.relu(tensor(x)),
  tanh: (x) => vg.tanh(tensor(x)),
  sigmoid: (x) => vg.sigmoid(tensor(x)),
  maximum: (a, b) => vg.maximum(tensor(a), tensor(b)),
  minimum: (a, b) => vg.minimum(tensor(a), tensor(b)),
};

const OPERATORS: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  '>': vg.greater,
  '<': vg.less,
  '+': vg.add,
  '-': vg.sub,
  '*': vg.mul,
  '/': vg.div,
};
/** From the loosest to the tightest. */
const LEVELS = [
  ['>', '<'],
  ['+', '-'],
  ['*', '/'],
];

/** The value of `text`, a tensor. Throws 'option' where it is not such an expression. */
export function evaluate(text: string, inputs: ReadonlyMap<string, Tensor>): Tensor {
  const tokens = text.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|\S/g) ?? [];
  const { device } = [...inputs.values()][0]!;
  let at = 0;

  const refuse = (expected: string): never => {
    throw new VoxelgradError('option', {
      what: `the expression '${text}'`,
      expected,
      got: tokens[at] ?? 'its end',
      help: 'tools/parity/areas/expression.ts says what it may hold',
    });
  };
  const accept = (token: string): boolean => tokens[at] === token && at++ >= 0;
  const expect = (token: string): void => {
    if (!accept(token)) refuse(`'${token}'`);
  };
  const list = (end: string): Value[] => {
    const values: Value[] = [];
    while (!accept(end)) {
      if (values.length > 0) expect(',');
      values.push(level(0));
    }
    return values;
  };
  const call = (name: string, first: readonly Value[]): Value => {
    const run = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]! : refuse(`a call of ${Object.keys(FUNCTIONS)}`);
    expect('(');
    return run(...first, ...list(')'));
  };

  function level(depth: number): Value {
    const operators = LEVELS[depth];
    if (operators === undefined) return postfix();
    let value = level(depth + 1);
    while (operators.includes(tokens[at] ?? '')) {
      const operator = OPERATORS[tokens[at++]!]!;
      value = operator(operand(value), operand(level(depth + 1)));
    }
    return value;
  }
  function postfix(): Value {
    let value = primary();
    while (accept('.')) value = call(tokens[at++] ?? refuse('a name'), [value]);
    return value;
  }
  function primary(): Value {
    const token = tokens[at] ?? refuse('a value');
    if (accept('(')) {
      const value = level(0);
      expect(')');
      return value;
    }
    if (accept('[')) return list(']').map(number);
    if (accept('-')) {
      const value = postfix();
      return typeof value === 'number' ? -value : vg.neg(tensor(value));
    }
    if (/^\d/.test(token)) return Number(tokens[at++]);
    if (tokens[at + 1] === '(') return call(tokens[at++]!, []);
    if (accept('keepdim')) return 'keepdim';
    const input = inputs.get(token) ?? refuse(`a number, a list or one of the inputs ${[...inputs.keys()]}`);
    at++;
    return input;
  }
  const operand = (value: Value): Tensor => (typeof value === 'number' ? vg.scalar(value, { device }) : tensor(value));

  const value = level(0);
  if (at < tokens.length) refuse('an operator or its end');
  return tensor(value);
}

const reduced = (axes: Value | undefined, keep: Value | undefined): vg.ReduceOptions => ({
  axes: axes as number | readonly number[] | undefined,
  keepAxes: keep === 'keepdim',
});

function tensor(value: Value | undefined): Tensor {
  return value instanceof Tensor ? value : refuseKind('a tensor', value);
}

function number(value: Value | undefined): number {
  return typeof value === 'number' ? value : refuseKind('a number', value);
}

function refuseKind(expected: string, value: unknown): never {
  throw new VoxelgradError('option', { what: 'an operand of an expression', expected, got: String(value) });
}
