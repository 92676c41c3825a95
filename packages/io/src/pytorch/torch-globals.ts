/**
 * What a checkpoint may name of PyTorch (torch/_utils.py, torch/_tensor.py `__reduce_ex__`): storages, the functions that rebuild tensors from
 * them, types, devices. The list of `torch.load(weights_only=True)`, plus numpy's numbers, which nnU-Net logs.
 */
import type { Budget } from '../pickle/budget.ts';
import { numpyGlobals } from '../pickle/numpy-globals.ts';
import { callableFrom, pythonGlobals } from '../pickle/python-globals.ts';
import {
  countsOf,
  itemsOf,
  kindOf,
  type Pickled,
  type PickledCallable,
  PickledObject,
  PickledTuple,
} from '../pickle/values.ts';
import { bytesPerElement, storageTypes, type TorchType, typeNames } from './element-types.ts';
import { TorchStorage, TorchTensor } from './tensor.ts';

/** `torch.FloatStorage` and the like, as persistent ids name them; undefined for storages of plain bytes. */
export class TorchStorageType extends PickledObject {
  readonly dtype: TorchType | undefined;

  constructor(dtype: TorchType | undefined) {
    super();
    this.dtype = dtype;
  }
}

/** `torch.float32` and the like. */
export class TorchTypeName extends PickledObject {
  readonly dtype: TorchType;

  constructor(dtype: TorchType) {
    super();
    this.dtype = dtype;
  }
}

/** `torch.device('cuda:0')`. */
export class TorchDevice extends PickledObject {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

/** A view on a storage, checked to lie within it. */
function tensorOn(
  storage: Pickled | undefined,
  dtype: TorchType | undefined,
  [offset, shape, strides]: readonly (Pickled | undefined)[],
  budget: Budget,
): TorchTensor {
  if (!(storage instanceof TorchStorage)) throw budget.broken('the storage of a tensor', kindOf(storage));
  const type = dtype ?? storage.dtype;
  if (type === undefined) throw budget.broken('a storage with a number type', 'plain bytes');
  const [start, extents, steps] = [countsOf([offset ?? null])?.[0], countsOf(shape), countsOf(strides)];
  if (start === undefined || extents === undefined || steps?.length !== extents.length || extents.length > 64)
    throw budget.broken(
      'offset, shape and strides of a tensor',
      `${kindOf(offset)}, ${kindOf(shape)}, ${kindOf(strides)}`,
    );
  const tensor = new TorchTensor(storage, type, start, extents, steps);
  const { span, size } = tensor;
  if (
    !Number.isSafeInteger(span) ||
    !Number.isSafeInteger(size) ||
    (start + span) * bytesPerElement[type] > storage.size
  )
    throw budget.broken(
      `a tensor within the ${storage.size} bytes of its storage`,
      `[${extents.join(', ')}] with strides [${steps.join(', ')}] from element ${start} on`,
    );
  return tensor;
}

const rebuildTensor: PickledCallable['call'] = ([storage, ...place], budget) =>
  tensorOn(storage, undefined, place, budget);

/** With a type of its own, over a storage of plain bytes. */
const rebuildTypedTensor: PickledCallable['call'] = (args, budget) => {
  const type = args[6];
  if (!(type instanceof TorchTypeName)) throw budget.broken('the type of a tensor', kindOf(type));
  return tensorOn(args[0], type.dtype, args.slice(1), budget);
};

const firstArgument: PickledCallable['call'] = ([value], budget) => {
  if (!(value instanceof TorchTensor)) throw budget.broken('a tensor', kindOf(value));
  return value;
};

function device(args: readonly Pickled[], budget: Budget): TorchDevice {
  const [type, index] = args;
  if (typeof type !== 'string') throw budget.broken('the name of a device', kindOf(type));
  return new TorchDevice(typeof index === 'number' ? `${type}:${index}` : type);
}

function size([extents]: readonly Pickled[], budget: Budget): PickledTuple {
  const items = itemsOf(extents);
  if (items === undefined) throw budget.broken('the extents of a size', kindOf(extents));
  budget.spend('items', items.length);
  return new PickledTuple([...items]);
}

const functions = {
  torch: { device, Size: size },
  'torch._utils': {
    _rebuild_tensor: rebuildTensor,
    _rebuild_tensor_v2: rebuildTensor,
    _rebuild_tensor_v3: rebuildTypedTensor,
    _rebuild_parameter: firstArgument,
    _rebuild_parameter_with_state: firstArgument,
  },
};

/** Names that stand for a value and call nothing. */
function torchNames(module: string, name: string): Pickled | undefined {
  if (module === 'torch.storage' && name === 'UntypedStorage') return new TorchStorageType(undefined);
  if ((module === 'torch' || module === 'torch.cuda') && Object.hasOwn(storageTypes, name))
    return new TorchStorageType(storageTypes[name]);
  if (module === 'torch' && Object.hasOwn(typeNames, name)) return new TorchTypeName(typeNames[name]!);
  return undefined;
}

export const torchGlobals = (module: string, name: string): Pickled | undefined =>
  torchNames(module, name) ??
  callableFrom(functions, module, name) ??
  pythonGlobals(module, name) ??
  numpyGlobals(module, name);
