/**
 * A tensor in a PyTorch checkpoint: a view (shape, strides, offset) on a storage, which is a run of numbers in the file. Several tensors may look at
 * one storage. Nothing is read until `readTorchTensor` asks for the values.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { PickledObject } from '../pickle/values.ts';
import { allocate } from '../read-range.ts';
import { bytesPerElement, type TorchData, type TorchType, valuesOf } from './element-types.ts';

export class TorchStorage extends PickledObject {
  /** Undefined for a storage of plain bytes; the tensor then says what they are. */
  readonly dtype: TorchType | undefined;
  /** Bytes. */
  readonly size: number;
  /** Elements; bytes where there is no type. */
  readonly length: number;
  /** The same for two views of one stretch of the file. */
  readonly key: string;
  readonly read: (start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

  constructor(dtype: TorchType | undefined, length: number, key: string, read: TorchStorage['read']) {
    super();
    this.dtype = dtype;
    this.length = length;
    this.size = length * (dtype === undefined ? 1 : bytesPerElement[dtype]);
    this.key = key;
    this.read = read;
  }
}

export class TorchTensor extends PickledObject {
  readonly storage: TorchStorage;
  readonly dtype: TorchType;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];

  constructor(
    storage: TorchStorage,
    dtype: TorchType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    super();
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** Number of values. */
  get size(): number {
    return this.shape.reduce((product, extent) => product * extent, 1);
  }

  /** Elements from the first that the tensor looks at to the last. */
  get span(): number {
    if (this.size === 0) return 0;
    return 1 + this.shape.reduce((sum, extent, axis) => sum + (extent - 1) * this.strides[axis]!, 0);
  }

  /** The same values at the same place of the file. */
  isSameView(other: TorchTensor): boolean {
    return (
      this.storage.key === other.storage.key &&
      this.dtype === other.dtype &&
      this.offset === other.offset &&
      this.shape.join() === other.shape.join() &&
      this.strides.join() === other.strides.join()
    );
  }
}

/** A view may repeat its values (`expand`). What it repeats them to is bounded, since the file's size does not bound it. */
const repeatedBytes = 2 ** 26;

/** The values in row-major order, in memory of their own. f16 and bf16 come as Float32Array, truth values as bytes 0 and 1. */
export async function readTorchTensor(tensor: TorchTensor, what = 'a tensor'): Promise<TorchData> {
  const { storage, dtype, offset, span, size } = tensor;
  const width = bytesPerElement[dtype];
  if (size * width > Math.max(span * width, repeatedBytes))
    throw new VoxelgradError('format', {
      what,
      expected: `at most ${repeatedBytes} bytes of repeated values`,
      got: `[${tensor.shape.join(', ')}] made of ${span}`,
    });
  const bytes = await storage.read(offset * width, span * width);
  return valuesOf(dtype, span === size && isRowMajor(tensor) ? bytes : gather(bytes, tensor, what), what);
}

function isRowMajor({ shape, strides }: TorchTensor): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

/** The elements in row-major order, whatever their strides. */
function gather(
  bytes: Uint8Array,
  { shape, strides, size, dtype }: TorchTensor,
  what: string,
): Uint8Array<ArrayBuffer> {
  const width = bytesPerElement[dtype];
  const ordered = allocate(size * width, what);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < ordered.length; to += width) {
    for (let byte = 0; byte < width; byte++) ordered[to + byte] = bytes[from * width + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return ordered;
}
