/** TensorFlow.js on its WebAssembly backend, which in Node runs on one thread, whatever it is told. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { JavaScriptEngine } from './javascript-engine.ts';

export async function openTfjsWasm(threads: number): Promise<JavaScriptEngine> {
  const tfjs = await import('@tensorflow/tfjs-core');
  const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${dirname(main)}${sep}`);
  setThreadsCount(threads);
  if (!(await tfjs.setBackend('wasm'))) throw new Error('it does not start on WebAssembly');
  return {
    name: 'tfjs-wasm, 1 thread',
    async convolution(channels, size, backward) {
      const x = tfjs.randomNormal([1, size, size, size, channels]);
      const filter = tfjs.randomNormal([3, 3, 3, channels, channels]);
      const dy = tfjs.randomNormal([1, size, size, size, channels]);
      const shapes = { inputShape: x.shape, filterShape: filter.shape };
      const geometry = { strides: [1, 1, 1], dilations: [1, 1, 1], pad: 'same', dataFormat: 'NDHWC', ...shapes };
      // The kernels themselves: the package without a backend of its own registers no gradient functions.
      const run = (kernel: string, inputs: Record<string, Tensor>): Tensor =>
        tfjs.engine().runKernel(kernel, inputs, geometry) as Tensor;
      return async () => {
        const results = [run('Conv3D', { x, filter })];
        if (backward)
          results.push(run('Conv3DBackpropInputV2', { dy, filter }), run('Conv3DBackpropFilterV2', { x, dy }));
        for (const result of results) await result.data();
        for (const result of results) result.dispose();
        return undefined;
      };
    },
  };
}
