/** onnxruntime-web on its WebAssembly provider. It runs models, it does not train them: there are no gradients. */
import { encodeOnnx } from '@voxelgrad/io';
import { encodeNetworkAsOnnx, type SegmentationNetwork } from '@voxelgrad/nnunet';
import type { JavaScriptEngine } from './javascript-engine.ts';
import type { Candidate } from './measure.ts';

export interface OnnxRuntime extends JavaScriptEngine {
  /** One forward pass of the network on a patch of `size`, each time it is called. */
  prediction(network: SegmentationNetwork, size: readonly number[]): Promise<Candidate>;
}

export async function openOnnxRuntime(threads: number): Promise<OnnxRuntime> {
  const runtime = await import('onnxruntime-web');
  runtime.env.wasm.numThreads = threads;
  const session = async (parts: AsyncIterable<Uint8Array>) => {
    const model: Uint8Array[] = [];
    for await (const part of parts) model.push(part);
    const bytes = new Uint8Array(Buffer.concat(model));
    const opened = await runtime.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    // Once its threads run it leaves Node's Worker behind as a global, which jax-js takes for a browser's.
    Reflect.deleteProperty(globalThis, 'Worker');
    return opened;
  };
  const values = (shape: readonly number[], scale = 1): Float32Array =>
    Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, () => scale * Math.random());
  const candidate = async (parts: AsyncIterable<Uint8Array>, name: string, shape: readonly number[]) => {
    const opened = await session(parts);
    const input = new runtime.Tensor('float32', values(shape), shape);
    return async (): Promise<undefined> => {
      for (const result of Object.values(await opened.run({ [name]: input }))) result.dispose();
    };
  };
  return {
    name: `onnxruntime-web wasm, ${threads} threads`,
    async convolution(channels, size, backward) {
      if (backward) return undefined;
      const shape = [1, channels, size, size, size];
      const weightShape = [channels, channels, 3, 3, 3];
      const weight = values(weightShape, 0.05);
      const model = encodeOnnx({
        name: 'convolution',
        inputs: [{ name: 'x', shape }],
        outputs: [{ name: 'y', shape }],
        nodes: [
          {
            operator: 'Conv',
            inputs: ['x', 'weight'],
            output: 'y',
            attributes: { kernel_shape: { integers: [3, 3, 3] }, pads: { integers: [1, 1, 1, 1, 1, 1] } },
          },
        ],
        weights: [{ name: 'weight', shape: weightShape, values: async () => weight }],
      });
      return candidate(model, 'x', shape);
    },
    async prediction(network, size) {
      const shape = [1, network.architecture.inputChannels, ...size];
      return candidate(encodeNetworkAsOnnx(network, { size }), 'image', shape);
    },
  };
}
