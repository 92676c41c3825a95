/** Networks as ONNX, run by ONNX Runtime's own kernels: the same logits as ours. */
import { encodeNetworkAsOnnx, PlainConvUNet, ResidualEncoderUNet, type UNetOptions } from '@voxelgrad/nnunet';
import { type Device, fromArray, noGrad, permute, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import * as runtime from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let device: Device;
beforeAll(async () => {
  runtime.env.wasm.numThreads = 1;
  device = await openCpu({ threads: 2 });
});
afterAll(() => device.close());

const plain = { inputChannels: 2, classes: 3 };
/** Stages that are strided along some axes only, kernels of 1 along the coarse one, channels that grow and channels that do not. */
const anisotropic: UNetOptions = {
  ...plain,
  features: [4, 8, 8],
  kernels: [
    [1, 3, 3],
    [3, 3, 3],
    [3, 3, 3],
  ],
  strides: [
    [1, 1, 1],
    [1, 2, 2],
    [2, 2, 2],
  ],
  convsPerStage: [1, 2, 2],
  convsPerDecoderStage: [1, 2],
};
const planar: UNetOptions = {
  ...plain,
  features: [4, 6],
  kernels: [
    [3, 3],
    [3, 3],
  ],
  slope: 0.2,
  epsilon: 1e-3,
};

const networks = {
  'PlainConvUNet 3-D': (at: { device: Device }) => new PlainConvUNet({ ...anisotropic, ...at, seed: 1 }),
  'PlainConvUNet 3-D without biases': (at: { device: Device }) =>
    new PlainConvUNet({ ...plain, features: [4, 8], bias: false, ...at, seed: 2 }),
  'PlainConvUNet 3-D, skips added': (at: { device: Device }) =>
    new PlainConvUNet({ ...anisotropic, skipFusion: 'add', ...at, seed: 6 }),
  'PlainConvUNet 3-D with batch norms': (at: { device: Device }) =>
    new PlainConvUNet({ ...anisotropic, norm: 'batch', ...at, seed: 7 }),
  'ResidualEncoderUNet 2-D with batch norms': (at: { device: Device }) =>
    new ResidualEncoderUNet({ ...planar, norm: 'batch', ...at, seed: 8 }),
  'PlainConvUNet 2-D': (at: { device: Device }) => new PlainConvUNet({ ...planar, ...at, seed: 3 }),
  'ResidualEncoderUNet 3-D': (at: { device: Device }) => new ResidualEncoderUNet({ ...anisotropic, ...at, seed: 4 }),
  'ResidualEncoderUNet 2-D': (at: { device: Device }) =>
    new ResidualEncoderUNet({ ...planar, convsPerStage: [1, 3], ...at, seed: 5 }),
};

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const part of parts) pieces.push(part);
  return new Uint8Array(Buffer.concat(pieces));
}

describe('encodeNetworkAsOnnx', () => {
  it.each(Object.entries(networks))('%s', async (_, make) => {
    const network = make({ device });
    // Norms that start as zero or one would hide what is wrong with them.
    for (const [name, parameter] of network.namedState())
      if (parameter.rank === 1)
        parameter.write(Float32Array.from({ length: parameter.size }, (_, i) => 0.5 + 0.3 * Math.sin(i + name.length)));
    const bytes = await collect(encodeNetworkAsOnnx(network, { metadata: { plans: '{}' } }));
    expect(await collect(encodeNetworkAsOnnx(network, { metadata: { plans: '{}' } }))).toEqual(bytes);
    const session = await runtime.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    const dimension = network.architecture.kernels[0]!.length;
    for (const size of dimension === 3
      ? [
          [4, 8, 8],
          [6, 12, 4],
        ]
      : [[8, 12]]) {
      const shape = [2, 2, ...size];
      const values = Float32Array.from(
        { length: shape.reduce((a, b) => a * b) },
        (_, i) => Math.sin(i * 0.7) + (i % 5),
      );
      const { logits } = await session.run({ image: new runtime.Tensor('float32', values, shape) });
      const ours = noGrad(() =>
        tidy(() => {
          const spatial = size.map((_, axis) => axis + 2);
          const image = permute(fromArray(values, shape, { device }), [0, ...spatial, 1]);
          return permute(network.predict(image), [0, dimension + 1, ...size.map((_, axis) => axis + 1)]);
        }),
      );
      expect(logits!.dims).toEqual(ours.shape);
      const expected = (await ours.data()) as Float32Array;
      const got = logits!.data as Float32Array;
      const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst).toBeLessThan(1e-4);
      ours.dispose();
    }
    await session.release();
    network.dispose();
  });
});
