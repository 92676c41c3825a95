/**
 * Writes files that torch.load reads, also with `weights_only=True`: the ZIP archive of caffe2/serialize/inline_container.h, as torch.save lays it
 * out. One tensor at a time is in memory; the same values give the same bytes.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { PickledCall, PickledName, PickledPersistent, pickle } from '../pickle/pickle.ts';
import { type Pickled, PickledObject, PickledTuple } from '../pickle/values.ts';
import { encodeZip, type ZipMember } from '../zip/write.ts';
import { bytesPerElement, storageTypes, type TorchType } from './element-types.ts';
import { TorchDevice } from './torch-globals.ts';

/** A tensor to write. The same object at two places is one storage in the file, as for tensors that PyTorch shares. */
export class TensorToSave extends PickledObject {
  /** Of f32 and f64, i64, i32, i16, i8, u8 and bool: what typed arrays hold as PyTorch does. */
  readonly dtype: TorchType;
  readonly shape: readonly number[];
  /** The values in row-major order. Called once, when the storage is written. */
  readonly values: () => Promise<ArrayBufferView> | ArrayBufferView;

  constructor(dtype: TorchType, shape: readonly number[], values: TensorToSave['values']) {
    super();
    this.dtype = dtype;
    this.shape = shape;
    this.values = values;
  }

  get size(): number {
    return this.shape.reduce((product, extent) => product * extent, 1);
  }
}

/** `archive`: the folder inside the file; PyTorch takes the file's name. */
export function encodeTorchFile(value: Pickled, archive = 'archive'): AsyncIterable<Uint8Array> {
  const keys = new Map<TensorToSave, string>();
  const data = pickle(value, (object) => {
    if (object instanceof TensorToSave) {
      const key = keys.get(object) ?? String(keys.size);
      keys.set(object, key);
      return rebuiltTensor(object, key);
    }
    return object instanceof TorchDevice ? rebuiltDevice(object) : undefined;
  });
  return encodeZip(members(archive, data, [...keys.keys()]));
}

/** PyTorch aligns storages, so that it can map them into memory. */
const alignment = 64;

async function* members(archive: string, data: Uint8Array, tensors: readonly TensorToSave[]): AsyncIterable<ZipMember> {
  const text = (name: string, content: string): ZipMember => ({
    name: `${archive}/${name}`,
    bytes: new TextEncoder().encode(content),
    alignment,
  });
  yield { name: `${archive}/data.pkl`, bytes: data, alignment };
  yield text('.format_version', '1');
  yield text('.storage_alignment', String(alignment));
  yield text('byteorder', 'little');
  for (const [key, tensor] of tensors.entries())
    yield { name: `${archive}/data/${key}`, bytes: await storageBytes(tensor), alignment };
  yield text('version', '3\n');
}

/** `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)`. */
function rebuiltTensor(tensor: TensorToSave, key: string): Pickled {
  const { dtype, shape, size } = tensor;
  const storageType = Object.keys(storageTypes).find((name) => storageTypes[name] === dtype);
  if (storageType === undefined)
    throw new VoxelgradError('dtype', {
      what: 'a tensor to save',
      expected: Object.values(storageTypes).join(', '),
      got: dtype,
    });
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const storage = new PickledTuple(['storage', new PickledName('torch', storageType), key, 'cpu', size]);
  return new PickledCall('torch._utils', '_rebuild_tensor_v2', [
    new PickledPersistent(storage),
    0,
    new PickledTuple(shape),
    new PickledTuple(strides),
    false,
    new PickledCall('collections', 'OrderedDict', []),
  ]);
}

function rebuiltDevice({ name }: TorchDevice): Pickled {
  const [type, index] = name.split(':');
  return new PickledCall('torch', 'device', index === undefined ? [type!] : [type!, Number(index)]);
}

async function storageBytes(tensor: TensorToSave): Promise<Uint8Array> {
  const values = await tensor.values();
  const expected = tensor.size * bytesPerElement[tensor.dtype];
  if (values.byteLength !== expected)
    throw new VoxelgradError('shape', {
      what: 'a tensor to save',
      expected: `${expected} bytes for [${tensor.shape.join(', ')}] of ${tensor.dtype}`,
      got: String(values.byteLength),
    });
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
