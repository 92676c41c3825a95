/**
 * How much memory a device gives. WebGPU does not tell: it is taken in pieces until no more comes, and given back. The cpu device has what the machine has,
 * up to the 4 GiB that WebAssembly can address.
 */
import { totalmem } from 'node:os';
import { type Device, isVoxelgradError, narrow, type Tensor, zeros } from '@voxelgrad/tensor';

const gibibyte = 2 ** 30;

export interface DeviceMemory {
  readonly bytes: number;
  /** Of one buffer. */
  readonly largestTensor: number;
}

/** `atMost`: not more than this is tried; by default the machine's own memory, which integrated GPUs share. */
export async function measureDeviceMemory(device: Device, atMost = totalmem()): Promise<DeviceMemory> {
  if (device.kind === 'cpu') {
    const bytes = Math.min(atMost * 0.75, 3.75 * gibibyte);
    return { bytes, largestTensor: bytes };
  }
  const largestTensor = largestBuffer(device);
  const piece = Math.min(largestTensor, gibibyte, atMost);
  const taken: Tensor[] = [];
  try {
    while ((taken.length + 1) * piece <= atMost) {
      taken.push(zeros([piece / 4], { device }));
      // Only a read tells whether the memory is there.
      const first = narrow(taken.at(-1)!, 0, 0, 1);
      await first.data().finally(() => first.dispose());
    }
  } catch (error) {
    if (!isVoxelgradError(error, 'out-of-memory')) throw error;
    taken.pop()?.dispose();
  }
  for (const tensor of taken) tensor.dispose();
  return { bytes: taken.length * piece, largestTensor };
}

const largestBuffer = (device: Device): number =>
  (device as Device & { readonly limits: GPUSupportedLimits }).limits.maxStorageBufferBindingSize;
