/**
 * TensorFlow.js on WebGPU, the only other JavaScript engine with 3-D convolutions and their gradients there. It wants a browser's
 * `navigator.gpu`; here it gets Dawn's, on the driver that voxelgrad's device has already chosen for the process.
 */
import type * as Tfjs from '@tensorflow/tfjs-core';
import { create, globals } from 'webgpu';

/** Must stay referenced: Dawn's devices die with it. */
let gpu: GPU | undefined;

/** TensorFlow.js, ready on WebGPU, or undefined with the reason on stderr. Open voxelgrad's device first. */
export async function openTfjs(): Promise<typeof Tfjs | undefined> {
  gpu ??= create([]);
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'Node' }, configurable: true });
  try {
    const tfjs = await import('@tensorflow/tfjs-core');
    await import('@tensorflow/tfjs-backend-webgpu');
    if (await tfjs.setBackend('webgpu')) return tfjs;
    process.stderr.write('no peer: TensorFlow.js does not start on this adapter\n');
  } catch (error) {
    process.stderr.write(`no peer: TensorFlow.js does not load: ${error instanceof Error ? error.message : error}\n`);
  }
  return undefined;
}
