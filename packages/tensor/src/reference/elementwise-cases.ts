/** Random cases of ops that work on each element by itself: functions of one and of two numbers, choices. */
import type { Tensor } from '../index.ts';
import * as vg from '../index.ts';
import { at, build, map, zip } from './arrays.ts';
import type { Draw, Maker } from './draw.ts';
import { FUNCTIONS } from './functions.ts';

function functionCase(name: string): Maker {
  const { f, domain, kinks = [] } = FUNCTIONS[name]!;
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: tests choose ops by their names
  const op = vg[name as keyof typeof vg] as (x: Tensor) => Tensor;
  return (draw) => ({
    name,
    inputs: [
      map(draw.array(draw.shape(draw.whole(0, 4)), ...domain), (x) =>
        kinks.some((k) => Math.abs(x - k) < 1e-3) ? 0.5 : x,
      ),
    ],
    run: ([x]) => op(x!),
    reference: ([x]) => map(x!, f),
  });
}

/** Two shapes that broadcast to one. */
function broadcastable(draw: Draw): [number[], number[]] {
  const full = draw.shape(draw.whole(1, 4), 4);
  const thin = (shape: number[]): number[] =>
    shape.map((extent) => (draw.unit() < 0.3 ? 1 : extent)).slice(draw.unit() < 0.3 ? 1 : 0);
  return draw.unit() < 0.5 ? [full, thin(full)] : [thin(full), full];
}

function pairCase(
  name: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  low = -1.5,
): Maker {
  return (draw) => {
    const [left, right] = broadcastable(draw);
    return {
      name,
      inputs: [draw.array(left, low), draw.array(right, low)],
      run: ([a, b]) => op(a!, b!),
      reference: ([a, b]) => zip(a!, b!, f),
    };
  };
}

const power: Maker = (draw) => {
  const exponent = draw.pick([2, 3, 0.5, 1.7, -1]);
  return {
    name: `pow ${exponent}`,
    inputs: [draw.array(draw.shape(2), 0.3, 2)],
    run: ([x]) => vg.pow(x!, exponent),
    reference: ([x]) => map(x!, (value) => value ** exponent),
  };
};

const affine: Maker = (draw) => {
  const [factor, offset] = [draw.unit() - 0.5, draw.unit()];
  return {
    name: 'shift of scale',
    inputs: [draw.array(draw.shape(3))],
    run: ([x]) => vg.shift(vg.scale(x!, factor), offset),
    reference: ([x]) => map(x!, (value) => value * factor + offset),
  };
};

const bounds: Maker = (draw) => {
  const [low, high] = draw.pick([
    [-0.7123, 0.9321],
    [undefined, 0.4321],
    [-0.2123, undefined],
  ] as const);
  return {
    name: `clamp from ${low} to ${high}`,
    inputs: [draw.array(draw.shape(3))],
    run: ([x]) => vg.clamp(x!, low, high),
    reference: ([x]) => map(x!, (value) => Math.min(Math.max(value, low ?? -Infinity), high ?? Infinity)),
  };
};

/** Of the functions with a parameter. Inputs keep away from the kink. */
function parameterCase(
  name: string,
  parameters: readonly number[],
  op: (x: Tensor, parameter: number) => Tensor,
  f: (x: number, parameter: number) => number,
): Maker {
  return (draw) => {
    const parameter = draw.pick(parameters);
    return {
      name: `${name} ${parameter}`,
      inputs: [map(draw.array(draw.shape(draw.whole(0, 4)), -2.5, 2.5), (x) => (Math.abs(x) < 1e-3 ? 0.5 : x))],
      run: ([x]) => op(x!, parameter),
      reference: ([x]) => map(x!, (value) => f(value, parameter)),
    };
  };
}

const choice: Maker = (draw) => {
  const shape = draw.shape(3);
  const condition = build(shape, () => draw.whole(0, 1));
  return {
    name: 'where',
    inputs: [draw.array(shape), draw.array(shape)],
    run: ([a, b]) =>
      vg.where(vg.fromArray(Uint8Array.from(condition.data), shape, { device: a!.device, dtype: 'bool' }), a!, b!),
    reference: ([a, b]) => build(shape, (p) => at(at(condition, p) === 1 ? a! : b!, p)),
  };
};

export const ELEMENTWISE_CASES: Readonly<Record<string, Maker>> = {
  ...Object.fromEntries(Object.keys(FUNCTIONS).map((name) => [name, functionCase(name)])),
  add: pairCase('add', vg.add, (a, b) => a + b),
  sub: pairCase('sub', vg.sub, (a, b) => a - b),
  mul: pairCase('mul', vg.mul, (a, b) => a * b),
  div: pairCase('div', vg.div, (a, b) => a / b, 0.3),
  pow: pairCase('pow', vg.pow, (a, b) => a ** b, 0.3),
  maximum: pairCase('maximum', vg.maximum, Math.max),
  minimum: pairCase('minimum', vg.minimum, Math.min),
  affine,
  power,
  leakyRelu: parameterCase('leakyRelu', [0.01, 0, 0.3, 1, -0.5], vg.leakyRelu, (x, slope) => (x > 0 ? x : slope * x)),
  elu: parameterCase('elu', [1, 0.3, 1.7], vg.elu, (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x))),
  bounds,
  choice,
};
