/**
 * PlainConvUNet, nnU-Net's default network (Isensee et al. 2021; dynamic_network_architectures/architectures/unet.py): stages of two convolution
 * blocks, strided convolutions instead of pooling, a mirrored decoder, an output at every resolution for deep supervision. Two- or
 * three-dimensional by its kernels. Parameter names and order are the official ones.
 */
import { type Initialization, Module } from '@voxelgrad/nn';
import { checkpoint, type Device, RandomGenerator, type Tensor, tidy } from '@voxelgrad/tensor';
import { type Architecture, completeArchitecture, type UNetOptions } from './architecture.ts';
import { type RunBlock, runPlainly, StackedConvBlocks } from './blocks.ts';
import { UNetDecoder } from './decoder.ts';

export interface NetworkPlacement {
  readonly device: Device;
  /** Seeds the initialisation (He normal); 0 by default. */
  readonly seed?: number;
  /** Keeps only each stage's inputs and computes it again in the backward pass: less memory, one more forward pass. */
  readonly gradientCheckpointing?: boolean;
}

/** What training and prediction need of a network. */
export interface SegmentationNetwork extends Module {
  readonly architecture: Architecture;
  /** `x [n, …space, c]`, extents divisible by the strides → logits `[n, …space, classes]` for every resolution, finest first. */
  forward(x: Tensor): Tensor[];
  /** Only the finest logits. */
  predict(x: Tensor): Tensor;
}

class PlainConvEncoder extends Module {
  /** Each stage is a list of one: the official code wraps it in a Sequential, which shows in the names. */
  readonly stages: readonly (readonly [StackedConvBlocks])[];

  constructor(
    { inputChannels, features, kernels, strides, convsPerStage, bias, epsilon }: Architecture,
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

export class PlainConvUNet extends Module implements SegmentationNetwork {
  readonly architecture: Architecture;
  readonly encoder: PlainConvEncoder;
  readonly decoder: UNetDecoder;

  readonly #run: RunBlock;

  constructor({ device, seed = 0, gradientCheckpointing = false, ...options }: UNetOptions & NetworkPlacement) {
    super();
    this.architecture = completeArchitecture(options);
    this.#run = gradientCheckpointing ? checkpoint : runPlainly;
    const initialization = { device, random: new RandomGenerator(seed) };
    this.encoder = new PlainConvEncoder(this.architecture, initialization);
    this.decoder = new UNetDecoder(this.architecture, initialization);
  }

  forward(x: Tensor): Tensor[] {
    return tidy(() => this.decoder.forward(this.encoder.forward(x, this.#run), false, this.#run));
  }

  predict(x: Tensor): Tensor {
    return tidy(() => this.decoder.forward(this.encoder.forward(x, this.#run), true, this.#run)[0]!);
  }
}
