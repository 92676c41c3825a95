/**
 * Writes Python pickles (protocol 2, the one that torch.save uses): the opposite of `unpickle`, for the values that checkpoints hold. The same value
 * gives the same bytes. Nothing is memoised: what is shared is written again, but for tensors, which share their storage.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { ByteBuilder } from '../byte-builder.ts';
import { kindOf, type Pickled, PickledObject, PickledTuple } from './values.ts';

/** A number that Python is to see as a float even where it is whole. */
export class PickledFloat extends PickledObject {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }
}

/** `callable(*args)` in Python. */
export class PickledCall extends PickledObject {
  /** `torch._utils` */
  readonly module: string;
  /** `_rebuild_tensor_v2` */
  readonly name: string;
  readonly args: readonly Pickled[];

  constructor(module: string, name: string, args: readonly Pickled[]) {
    super();
    this.module = module;
    this.name = name;
    this.args = args;
  }
}

/** A function or class that is only named. */
export class PickledName extends PickledObject {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    super();
    this.module = module;
    this.name = name;
  }
}

/** A value that lies outside of the pickle and is named in it by `id`. */
export class PickledPersistent extends PickledObject {
  readonly id: Pickled;

  constructor(id: Pickled) {
    super();
    this.id = id;
  }
}

/** What stands for an object of a library; undefined where it is not known. */
export type Reducer = (value: PickledObject) => Pickled | undefined;

const code = {
  proto: 0x80,
  stop: 0x2e,
  none: 0x4e,
  true: 0x88,
  false: 0x89,
  oneByte: 0x4b,
  twoBytes: 0x4d,
  fourBytes: 0x4a,
  long: 0x8a,
  float: 0x47,
  text: 0x58,
  mark: 0x28,
  list: 0x5d,
  append: 0x65,
  dict: 0x7d,
  setItems: 0x75,
  tuple: 0x74,
  emptyTuple: 0x29,
  global: 0x63,
  reduce: 0x52,
  persistent: 0x51,
} as const;

/** The pickle of a value. `reduce` says what objects of a library become. Throws 'option' for what it does not know. */
export function pickle(value: Pickled, reduce: Reducer = () => undefined): Uint8Array<ArrayBuffer> {
  const out = new ByteBuilder();
  out.bytes([code.proto, 2]);
  write(value, out, reduce);
  out.uint8(code.stop);
  return out.finish();
}

function write(value: Pickled, out: ByteBuilder, reduce: Reducer): void {
  if (value === null) out.uint8(code.none);
  else if (typeof value === 'boolean') out.uint8(value ? code.true : code.false);
  else if (typeof value === 'number') writeNumber(value, out);
  else if (typeof value === 'bigint') writeLong(value, out);
  else if (typeof value === 'string') writeText(value, out);
  else if (Array.isArray(value)) writeList(value, out, reduce);
  else if (value instanceof PickledTuple) writeTuple(value.items, out, reduce);
  else if (value instanceof Map) writeDict(value, out, reduce);
  else writeObject(value, out, reduce);
}

function writeNumber(value: number, out: ByteBuilder): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) writeFloat(value, out);
  else if (value >= 0 && value < 2 ** 8) out.bytes([code.oneByte, value]);
  else if (value >= 0 && value < 2 ** 16) {
    out.uint8(code.twoBytes);
    out.uint16(value);
  } else if (value >= -(2 ** 31) && value < 2 ** 31) {
    out.uint8(code.fourBytes);
    out.int32(value);
  } else writeLong(BigInt(value), out);
}

function writeFloat(value: number, out: ByteBuilder): void {
  out.uint8(code.float);
  out.float64BigEndian(value);
}

/** Two's complement, as few bytes as hold it. */
function writeLong(value: bigint, out: ByteBuilder): void {
  let count = 1;
  while (BigInt.asIntN(8 * count, value) !== value) count++;
  out.bytes([code.long, count]);
  for (let i = 0; i < count; i++) out.uint8(Number((value >> BigInt(8 * i)) & 255n));
}

function writeText(text: string, out: ByteBuilder): void {
  const bytes = new TextEncoder().encode(text);
  out.uint8(code.text);
  out.uint32(bytes.length);
  out.bytes(bytes);
}

function writeList(items: readonly Pickled[], out: ByteBuilder, reduce: Reducer): void {
  out.uint8(code.list);
  if (items.length === 0) return;
  out.uint8(code.mark);
  for (const item of items) write(item, out, reduce);
  out.uint8(code.append);
}

function writeTuple(items: readonly Pickled[], out: ByteBuilder, reduce: Reducer): void {
  if (items.length === 0) {
    out.uint8(code.emptyTuple);
    return;
  }
  out.uint8(code.mark);
  for (const item of items) write(item, out, reduce);
  out.uint8(code.tuple);
}

function writeDict(map: ReadonlyMap<Pickled, Pickled>, out: ByteBuilder, reduce: Reducer): void {
  out.uint8(code.dict);
  if (map.size === 0) return;
  out.uint8(code.mark);
  for (const [key, item] of map) {
    write(key, out, reduce);
    write(item, out, reduce);
  }
  out.uint8(code.setItems);
}

function writeGlobal({ module, name }: PickledName | PickledCall, out: ByteBuilder): void {
  out.uint8(code.global);
  out.ascii(`${module}\n${name}\n`);
}

function writeObject(value: Pickled, out: ByteBuilder, reduce: Reducer): void {
  if (value instanceof PickledFloat) writeFloat(value.value, out);
  else if (value instanceof PickledName) writeGlobal(value, out);
  else if (value instanceof PickledCall) {
    writeGlobal(value, out);
    writeTuple(value.args, out, reduce);
    out.uint8(code.reduce);
  } else if (value instanceof PickledPersistent) {
    write(value.id, out, reduce);
    out.uint8(code.persistent);
  } else {
    const reduced = value instanceof PickledObject ? reduce(value) : undefined;
    if (reduced === undefined)
      throw new VoxelgradError('option', {
        what: 'pickle',
        expected: 'a value that can be written',
        got: kindOf(value),
      });
    write(reduced, out, reduce);
  }
}
