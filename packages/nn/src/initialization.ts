/** How parameters start. He normal initialisation as nnU-Net's `InitWeights_He(1e-2)` (He et al. 2015, leaky slope 0.01, fan in). */
import { type Device, keep, type RandomGenerator, type Shape, Tensor } from '@voxelgrad/tensor';

/** Where parameters live and what their random values come from. */
export interface Initialization {
  readonly device: Device;
  readonly random: RandomGenerator;
  /** Whether the network is trained: layers that then do something else share it. Without it they never are. */
  readonly mode?: { readonly training: boolean };
}

const SLOPE = 0.01;

/**
 * A convolution weight `[...kernel, in, out]`. PyTorch computes the fan of a transposed convolution from its second axis, the OUTPUT
 * channels; here both kinds have those channels last but one, so one rule serves, quirk included.
 */
export function heNormal(shape: Shape, { device, random }: Initialization): Tensor {
  const fanIn = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const deviation = Math.sqrt(2 / (1 + SLOPE ** 2) / fanIn);
  return keep(random.normal(shape, device, 0, deviation).requireGradient());
}

/** A parameter with one value everywhere, f32. */
export const constantParameter = (value: number, shape: Shape, initialization: Initialization): Tensor =>
  constantBuffer(value, shape, initialization).requireGradient();

/** The same, but not learnt: it belongs to the state of a module. */
export function constantBuffer(value: number, shape: Shape, { device }: Initialization): Tensor {
  const tensor = Tensor.empty(device, 'f32', shape);
  device.kernels.fill(tensor, value);
  return keep(tensor);
}
