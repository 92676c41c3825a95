/** TensorFlow.js on its WebAssembly backend, the only other JavaScript engine with 3-D convolutions and their gradients on a CPU. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';

type Tfjs = typeof import('@tensorflow/tfjs-core');

/** Undefined, with the reason on stderr, where it is not installed. */
export async function openTfjsWasm(threads: number): Promise<Tfjs | undefined> {
  try {
    const tfjs = await import('@tensorflow/tfjs-core');
    const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(main)}${sep}`);
    setThreadsCount(threads);
    if (await tfjs.setBackend('wasm')) return tfjs;
    process.stderr.write('no peer: TensorFlow.js does not start on WebAssembly\n');
  } catch (error) {
    process.stderr.write(`no peer: TensorFlow.js does not load: ${error instanceof Error ? error.message : error}\n`);
  }
  return undefined;
}

/** One 3×3×3 convolution with `channels` in and out, with both gradients if `backward`, each time it is called. */
export function tfjsConvolution(tfjs: Tfjs, channels: number, size: number, backward: boolean) {
  const x = tfjs.randomNormal([1, size, size, size, channels]);
  const filter = tfjs.randomNormal([3, 3, 3, channels, channels]);
  const dy = tfjs.randomNormal([1, size, size, size, channels]);
  const shapes = { inputShape: x.shape, filterShape: filter.shape };
  const geometry = { strides: [1, 1, 1], dilations: [1, 1, 1], pad: 'same', dataFormat: 'NDHWC', ...shapes };
  // The kernels themselves: the package without a backend of its own registers no gradient functions.
  const run = (kernel: string, inputs: Record<string, Tensor>): Tensor =>
    tfjs.engine().runKernel(kernel, inputs, geometry) as Tensor;
  return async (): Promise<undefined> => {
    const results = [run('Conv3D', { x, filter })];
    if (backward) results.push(run('Conv3DBackpropInputV2', { dy, filter }), run('Conv3DBackpropFilterV2', { x, dy }));
    for (const result of results) await result.data();
    for (const result of results) result.dispose();
    return undefined;
  };
}
