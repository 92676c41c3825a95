/**
 * Plain arrays in double precision, and how to walk them: what the reference ops are written with. They share no code with the engine, so that a
 * mistake cannot be made twice.
 */

export interface Doubles {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const count = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** The position of element `index` in row-major order. */
export function positionOf(index: number, shape: readonly number[]): number[] {
  const position = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position[axis] = index % shape[axis]!;
    index = Math.floor(index / shape[axis]!);
  }
  return position;
}

export const indexOf = (position: readonly number[], shape: readonly number[]): number =>
  position.reduce((index, at, axis) => index * shape[axis]! + at, 0);

/** An array whose elements are a function of their position. */
export function build(shape: readonly number[], value: (position: number[]) => number): Doubles {
  const data = new Float64Array(count(shape));
  for (let i = 0; i < data.length; i++) data[i] = value(positionOf(i, shape));
  return { shape, data };
}

/** The element at a position; 0 outside. */
export function at({ shape, data }: Doubles, position: readonly number[]): number {
  for (let axis = 0; axis < shape.length; axis++) if (position[axis]! < 0 || position[axis]! >= shape[axis]!) return 0;
  return data[indexOf(position, shape)]!;
}

export const map = ({ shape, data }: Doubles, f: (value: number) => number): Doubles => ({ shape, data: data.map(f) });

/** Element by element, with extents of 1 stretched. */
export function zip(a: Doubles, b: Doubles, f: (a: number, b: number) => number): Doubles {
  const rank = Math.max(a.shape.length, b.shape.length);
  const padded = (x: Doubles): number[] => [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const [left, right] = [padded(a), padded(b)];
  const shape = left.map(
    (extent, axis) => Math.max(extent, right[axis]!) * (extent === 0 || right[axis] === 0 ? 0 : 1),
  );
  const pick = (x: Doubles, extents: number[], position: number[]): number =>
    x.data[
      indexOf(
        position.map((value, axis) => (extents[axis] === 1 ? 0 : value)),
        extents,
      )
    ]!;
  return build(shape, (position) => f(pick(a, left, position), pick(b, right, position)));
}

/** Replaces the given axes by one value each, made from the elements along them in order. */
export function reduce(x: Doubles, axes: readonly number[], f: (values: number[]) => number): Doubles {
  const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const groups = Array.from({ length: count(shape) }, () => [] as number[]);
  for (let i = 0; i < x.data.length; i++) {
    const position = positionOf(i, x.shape).map((value, axis) => (axes.includes(axis) ? 0 : value));
    groups[indexOf(position, shape)]!.push(x.data[i]!);
  }
  return { shape, data: Float64Array.from(groups, f) };
}

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
export const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;
