/**
 * numpy's arrays and scalars in pickles (numpy/_core/src/multiarray/methods.c, `array_reduce`): the numbers of a training log, class locations of a
 * case. Little-endian numbers and truth values only; arrays of Python objects are refused.
 */

import { floatFromHalf } from '@voxelgrad/tensor';
import type { Budget } from './budget.ts';
import { plainInteger } from './byte-cursor.ts';
import { callableFrom } from './python-globals.ts';
import { countsOf, itemsOf, kindOf, type Pickled, PickledCallable, PickledObject } from './values.ts';

export type NumpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface NumberType {
  readonly bytes: number;
  /** `buffer` begins at a multiple of 8. Half precision comes as f32. */
  readonly read: (buffer: ArrayBuffer) => NumpyData;
}

const numberTypes: Readonly<Record<string, NumberType>> = {
  f2: { bytes: 2, read: (buffer) => Float32Array.from(new Uint16Array(buffer), floatFromHalf) },
  f4: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, read: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, read: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, read: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  i8: { bytes: 8, read: (buffer) => new BigInt64Array(buffer) },
  u1: { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, read: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, read: (buffer) => new Uint32Array(buffer) },
  u8: { bytes: 8, read: (buffer) => new BigUint64Array(buffer) },
  b1: { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
};

export class NumpyType extends PickledObject {
  /** As numpy writes it without byte order: `f4`, `i8`, `b1`. */
  readonly code: string;

  constructor(code: string) {
    super();
    this.code = code;
  }

  override setState(state: Pickled, budget: Budget): void {
    const order = itemsOf(state)?.[1];
    if (order !== '<' && order !== '|' && order !== '=') throw budget.broken('little-endian numbers', kindOf(order));
  }

  values(bytes: Uint8Array, budget: Budget): NumpyData {
    budget.spend('bytes', bytes.length * (this.code === 'f2' ? 3 : 1));
    return numberTypes[this.code]!.read(bytes.slice().buffer as ArrayBuffer);
  }

  get bytes(): number {
    return numberTypes[this.code]!.bytes;
  }
}

/** Values in C order. */
export class NumpyArray extends PickledObject {
  dtype = new NumpyType('u1');
  shape: readonly number[] = [0];
  data: NumpyData = new Uint8Array(0);

  override setState(state: Pickled, budget: Budget): void {
    const [, shape, dtype, fortran, bytes] = itemsOf(state) ?? [];
    this.fill(countsOf(shape), dtype, fortran === true, bytes, budget);
  }

  fill(
    shape: readonly number[] | undefined,
    dtype: Pickled | undefined,
    fortran: boolean,
    bytes: Pickled | undefined,
    budget: Budget,
  ): void {
    if (shape === undefined || shape.length > 32) throw budget.broken('the shape of an array', 'something else');
    if (!(dtype instanceof NumpyType)) throw budget.broken('the type of an array', kindOf(dtype));
    if (!(bytes instanceof Uint8Array)) throw budget.broken('the bytes of an array', kindOf(bytes));
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size * dtype.bytes !== bytes.length)
      throw budget.broken(`${size * dtype.bytes} bytes for an array of [${shape.join(', ')}]`, `${bytes.length}`);
    this.dtype = dtype;
    this.shape = shape;
    const data = dtype.values(bytes, budget);
    this.data = fortran ? inCOrder(data, shape) : data;
  }
}

/** From the first axis fastest to the last one. */
function inCOrder(data: NumpyData, shape: readonly number[]): NumpyData {
  const ordered = data.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, extent) => product * extent, 1));
  const index = shape.map(() => 0);
  for (let at = 0; at < data.length; at++) {
    ordered[at] = data[index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return ordered;
}

function typeOf([code]: readonly Pickled[], budget: Budget): NumpyType {
  const name = typeof code === 'string' ? code.replace(/^[<|=]/, '') : '';
  if (!Object.hasOwn(numberTypes, name)) throw budget.broken('an array of numbers', `one of type ${kindOf(code)}`);
  return new NumpyType(name);
}

function scalar([dtype, bytes]: readonly Pickled[], budget: Budget): Pickled {
  if (!(dtype instanceof NumpyType)) throw budget.broken('the type of a number', kindOf(dtype));
  if (!(bytes instanceof Uint8Array) || bytes.length !== dtype.bytes)
    throw budget.broken(`${dtype.bytes} bytes of a number`, kindOf(bytes));
  const value = dtype.values(bytes, budget)[0]!;
  if (dtype.code === 'b1') return value !== 0;
  return typeof value === 'bigint' ? plainInteger(value) : value;
}

function fromBuffer([bytes, dtype, shape, order]: readonly Pickled[], budget: Budget): NumpyArray {
  const array = new NumpyArray();
  array.fill(countsOf(shape), dtype, order === 'F', bytes, budget);
  return array;
}

const multiarray = { scalar, _reconstruct: () => new NumpyArray() };
const numeric = { _frombuffer: fromBuffer };
const functions = {
  numpy: { dtype: typeOf },
  // numpy 2 moved its core.
  'numpy.core.multiarray': multiarray,
  'numpy._core.multiarray': multiarray,
  'numpy.core.numeric': numeric,
  'numpy._core.numeric': numeric,
};

/** The class of arrays is named, never called: `_reconstruct` takes it as an argument. */
const ndarray = new PickledCallable('numpy.ndarray', (_, budget) => {
  throw budget.broken('arrays as numpy pickles them', 'a call of numpy.ndarray');
});

export function numpyGlobals(module: string, name: string): Pickled | undefined {
  if (module === 'numpy' && name === 'ndarray') return ndarray;
  return callableFrom(functions, module, name);
}
