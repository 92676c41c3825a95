/** Making tensors from host values and constants. */
import type { Device } from './device/device.ts';
import { type DType, type HostArray, hostArray } from './dtype.ts';
import { VoxelgradError } from './errors.ts';
import { type Shape, showShape, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Where a new tensor lives, and as what. */
export interface Placement {
  readonly device: Device;
  /** By default what the host array holds: f32, i32 or u8. */
  readonly dtype?: DType;
}

/** A tensor with the given values in memory order (last axis fastest). Throws 'shape' if their number does not fit. */
export function fromArray(values: HostArray | readonly number[], shape: Shape, { device, dtype }: Placement): Tensor {
  if (values.length !== sizeOf(shape))
    throw new VoxelgradError('shape', {
      what: 'fromArray',
      expected: `${sizeOf(shape)} values for ${showShape(shape)}`,
      got: String(values.length),
    });
  const type = dtype ?? (values instanceof Int32Array ? 'i32' : values instanceof Uint8Array ? 'u8' : 'f32');
  const host = hostArray(type, 0).constructor === values.constructor ? (values as HostArray) : convert(values, type);
  const tensor = Tensor.empty(device, type, shape);
  device.write(tensor, host);
  return tensor;
}

function convert(values: ArrayLike<number>, dtype: DType): HostArray {
  const host = hostArray(dtype, values.length);
  if (dtype === 'bool') for (let i = 0; i < values.length; i++) host[i] = values[i] === 0 ? 0 : 1;
  else host.set(values);
  return host;
}

/** A tensor with one value everywhere. */
export function full(value: number, shape: Shape, { device, dtype = 'f32' }: Placement): Tensor {
  const tensor = Tensor.empty(device, dtype, shape);
  device.kernels.fill(tensor, value);
  return tensor;
}

/** Zeros of the given shape. */
export const zeros = (shape: Shape, placement: Placement): Tensor => full(0, shape, placement);
/** Ones of the given shape. */
export const ones = (shape: Shape, placement: Placement): Tensor => full(1, shape, placement);

/** A tensor without shape: one value. */
export const scalar = (value: number, placement: Placement): Tensor => full(value, [], placement);

/** 0, 1, 2, … as i32 (or `dtype`). */
export function arange(count: number, { device, dtype = 'i32' }: Placement): Tensor {
  return fromArray(
    Array.from({ length: count }, (_, i) => i),
    [count],
    { device, dtype },
  );
}
