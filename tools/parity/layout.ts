/** Between the layout of golden arrays, channels first, and the package's, channels last. */
import { type Device, fromArray, type Tensor, type Triple } from '@voxelgrad/tensor';
import { type CaseTensors, golden } from './cases.ts';

type Values = ArrayLike<number | bigint>;

/** `[c, …]` → `[…, c]`. */
export function toChannelsLast(values: Values, channels: number): Float32Array {
  const voxels = values.length / channels;
  return Float32Array.from({ length: values.length }, (_, i) =>
    Number(values[(i % channels) * voxels + Math.floor(i / channels)]!),
  );
}

/** `[…, c]` → `[c, …]`. */
export function lastToFirst(values: ArrayLike<number>, channels: number): Float32Array {
  const voxels = values.length / channels;
  return Float32Array.from(
    { length: values.length },
    (_, i) => values[(i % voxels) * channels + Math.floor(i / voxels)]!,
  );
}

export interface GoldenVolume {
  /** Channels last. */
  readonly values: Float32Array;
  /** Depth, height, width; a depth of 1 for `[c, h, w]`. */
  readonly space: Triple;
  readonly channels: number;
}

export function volumeOf(tensors: CaseTensors, name: string): GoldenVolume {
  const { shape, data } = golden(tensors, name);
  const [channels = 1, ...rest] = shape;
  const space = (rest.length === 2 ? [1, ...rest] : rest) as unknown as Triple;
  return { values: toChannelsLast(data, channels), space, channels };
}

/** An image `[1, d, h, w, c]` on a device. */
export function imageTensor(tensors: CaseTensors, name: string, device: Device): Tensor {
  const { values, space, channels } = volumeOf(tensors, name);
  return fromArray(values, [1, ...space, channels], { device });
}

/** Labels `[1, d, h, w]` on a device, from one channel. */
export function labelTensor(tensors: CaseTensors, name: string, device: Device, channel = 0): Tensor {
  const { values, space, channels } = volumeOf(tensors, name);
  const label = Int32Array.from({ length: values.length / channels }, (_, i) => values[i * channels + channel]!);
  return fromArray(label, [1, ...space], { device });
}
