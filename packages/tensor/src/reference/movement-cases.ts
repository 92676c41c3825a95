/** Random cases of ops that only move values. */
import type { Tensor } from '../index.ts';
import * as vg from '../index.ts';
import { at, build, count } from './arrays.ts';
import type { Draw, GradientCase, Maker } from './draw.ts';

const someShape = (draw: Draw): number[] => draw.shape(draw.whole(1, 4), 4);

/** A case in which every output element is the input element at `from(its position)`. */
function moving(
  draw: Draw,
  name: string,
  shape: readonly number[],
  op: (x: Tensor) => Tensor,
  out: readonly number[],
  from: (position: number[]) => number[],
): GradientCase {
  return {
    name: `${name} of ${shape}`,
    inputs: [draw.array(shape)],
    run: ([x]) => op(x!),
    reference: ([x]) => build(out, (position) => at(x!, from(position))),
  };
}

const permutation: Maker = (draw) => {
  const shape = someShape(draw);
  const order = shape.map((_, i) => i).sort(() => draw.unit() - 0.5);
  return moving(
    draw,
    'permute',
    shape,
    (x) => vg.permute(x, order),
    order.map((axis) => shape[axis]!),
    (position) => shape.map((_, axis) => position[order.indexOf(axis)]!),
  );
};

const reversal: Maker = (draw) => {
  const shape = someShape(draw);
  const axes = draw.axes(shape.length);
  return moving(
    draw,
    'flip',
    shape,
    (x) => vg.flip(x, axes),
    shape,
    (position) => position.map((index, axis) => (axes.includes(axis) ? shape[axis]! - 1 - index : index)),
  );
};

const box: Maker = (draw) => {
  const shape = someShape(draw);
  const start = shape.map((extent) => draw.whole(0, extent - 1));
  const end = shape.map((extent, axis) => draw.whole(start[axis]! + 1, extent));
  return moving(
    draw,
    'slice',
    shape,
    (x) => vg.slice(x, start, end),
    shape.map((_, axis) => end[axis]! - start[axis]!),
    (position) => position.map((index, axis) => index + start[axis]!),
  );
};

const range: Maker = (draw) => {
  const shape = someShape(draw);
  const axis = draw.whole(0, shape.length - 1);
  const start = draw.whole(0, shape[axis]! - 1);
  const length = draw.whole(1, shape[axis]! - start);
  return moving(
    draw,
    'narrow',
    shape,
    (x) => vg.narrow(x, axis, start, length),
    shape.with(axis, length),
    (position) => position.with(axis, position[axis]! + start),
  );
};

const padded = (shape: readonly number[], amounts: readonly (readonly [number, number])[]): number[] =>
  shape.map((extent, axis) => extent + amounts[axis]![0] + amounts[axis]![1]);

const padding: Maker = (draw) => {
  const shape = someShape(draw);
  const amounts = shape.map(() => [draw.whole(0, 2), draw.whole(0, 2)] as const);
  const value = draw.pick([0, 1.5]);
  return {
    name: `pad of ${shape} by ${amounts.join(' ')} with ${value}`,
    inputs: [draw.array(shape)],
    run: ([x]) => vg.pad(x!, amounts, value),
    reference: ([x]) =>
      build(padded(shape, amounts), (position) => {
        const from = position.map((index, axis) => index - amounts[axis]![0]);
        return from.every((index, axis) => index >= 0 && index < shape[axis]!) ? at(x!, from) : value;
      }),
  };
};

const borderPadding: Maker = (draw) => {
  const shape = someShape(draw);
  const mode = draw.pick(['edge', 'mirror'] as const);
  const amounts = shape.map((extent) => [draw.whole(0, extent - 1), draw.whole(0, extent - 1)] as const);
  const inside = (index: number, extent: number): number => {
    if (mode === 'edge') return Math.min(Math.max(index, 0), extent - 1);
    return index < 0 ? -index : index >= extent ? 2 * (extent - 1) - index : index;
  };
  return moving(
    draw,
    `${mode} padding`,
    shape,
    (x) => vg.padBorder(x, amounts, mode),
    padded(shape, amounts),
    (position) => position.map((index, axis) => inside(index - amounts[axis]![0], shape[axis]!)),
  );
};

const broadcast: Maker = (draw) => {
  const full = someShape(draw);
  const axis = draw.whole(0, full.length - 1);
  const thin = full.with(axis, 1);
  const wide = [2, ...full.with(axis, 3)];
  return moving(
    draw,
    'broadcastTo',
    thin,
    (x) => vg.broadcastTo(x, wide),
    wide,
    (position) => position.slice(1).with(axis, 0),
  );
};

const gathering: Maker = (draw) => {
  const shape = someShape(draw);
  const axis = draw.whole(0, shape.length - 1);
  const index = Array.from({ length: draw.whole(1, 6) }, () => draw.whole(0, shape[axis]! - 1));
  return moving(
    draw,
    'gather',
    shape,
    (x) => vg.gather(x, vg.fromArray(Int32Array.from(index), [index.length], { device: x.device }), axis),
    shape.with(axis, index.length),
    (position) => position.with(axis, index[position[axis]!]!),
  );
};

const reshaping: Maker = (draw) => {
  const shape = someShape(draw);
  return {
    name: `reshape of ${shape}`,
    inputs: [draw.array(shape)],
    run: ([x]) => vg.reshape(x!, [count(shape)]),
    reference: ([x]) => ({ shape: [count(shape)], data: x!.data }),
  };
};

const joining: Maker = (draw) => {
  const shape = someShape(draw);
  const axis = draw.whole(0, shape.length - 1);
  const extent = shape[axis]!;
  const other = draw.whole(1, 4);
  return {
    name: `concat ${shape} and ${other} more along ${axis}`,
    inputs: [draw.array(shape), draw.array(shape.with(axis, other))],
    run: ([a, b]) => vg.concat([a!, b!], axis),
    reference: ([a, b]) =>
      build(shape.with(axis, extent + other), (position) => {
        const index = position[axis]!;
        return index < extent ? at(a!, position) : at(b!, position.with(axis, index - extent));
      }),
  };
};

const stacking: Maker = (draw) => {
  const shape = someShape(draw);
  const axis = draw.whole(0, shape.length);
  return {
    name: `stack two of ${shape} along ${axis}`,
    inputs: [draw.array(shape), draw.array(shape)],
    run: ([a, b]) => vg.stack([a!, b!], axis),
    reference: ([a, b]) =>
      build(shape.toSpliced(axis, 0, 2), (position) => at(position[axis] === 0 ? a! : b!, position.toSpliced(axis, 1))),
  };
};

const scattering: Maker = (draw) => {
  const shape = someShape(draw);
  const axis = draw.whole(0, shape.length - 1);
  const target = draw.whole(1, 4);
  const index = Array.from({ length: shape[axis]! }, () => draw.whole(0, target - 1));
  return {
    name: `scatterAdd of ${shape} along ${axis} into ${target}`,
    inputs: [draw.array(shape)],
    run: ([x]) =>
      vg.scatterAdd(x!, vg.fromArray(Int32Array.from(index), [index.length], { device: x!.device }), axis, target),
    reference: ([x]) =>
      build(shape.with(axis, target), (position) =>
        index.reduce((sum, to, i) => (to === position[axis] ? sum + at(x!, position.with(axis, i)) : sum), 0),
      ),
  };
};

export const MOVEMENT_CASES: Readonly<Record<string, Maker>> = {
  permutation,
  reversal,
  box,
  range,
  padding,
  borderPadding,
  broadcast,
  gathering,
  scattering,
  reshaping,
  joining,
  stacking,
};
