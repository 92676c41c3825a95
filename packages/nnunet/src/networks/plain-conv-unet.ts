/**
 * PlainConvUNet, nnU-Net's default network (Isensee et al. 2021; dynamic_network_architectures/architectures/unet.py): stages of two convolution
 * blocks, strided convolutions instead of pooling, a mirrored decoder, an output at every resolution for deep supervision. Two- or
 * three-dimensional by its kernels. Parameter names and order are the official ones.
 */
import { type Initialization, Module } from '@voxelgrad/nn';
import type { Tensor } from '@voxelgrad/tensor';
import type { Architecture, UNetOptions } from './architecture.ts';
import { type RunBlock, StackedConvBlocks } from './blocks.ts';
import { type NetworkPlacement, UNet } from './unet.ts';

class PlainConvEncoder extends Module {
  /** Each stage is a list of one: the official code wraps it in a Sequential, which shows in the names. */
  readonly stages: readonly (readonly [StackedConvBlocks])[];

  constructor(
    { inputChannels, features, kernels, strides, convsPerStage, bias, epsilon, slope, norm }: Architecture,
    initialization: Initialization,
  ) {
    super();
    this.stages = features.map((outputChannels, stage) => [
      new StackedConvBlocks(
        convsPerStage[stage]!,
        {
          inputChannels: stage === 0 ? inputChannels : features[stage - 1]!,
          outputChannels,
          kernel: kernels[stage]!,
          stride: strides[stage]!,
          bias,
          epsilon,
          slope,
          norm,
        },
        initialization,
      ),
    ]);
  }

  /** The output of every stage, finest first. */
  forward(x: Tensor, run: RunBlock): Tensor[] {
    const outputs: Tensor[] = [];
    for (const [stage] of this.stages) outputs.push(run((input) => stage.forward(input), outputs.at(-1) ?? x));
    return outputs;
  }
}

export class PlainConvUNet extends UNet<PlainConvEncoder> {
  constructor(options: UNetOptions & NetworkPlacement) {
    super(options, PlainConvEncoder);
  }
}
