/**
 * ResidualEncoderUNet, the network of nnU-Net's ResEnc presets (dynamic_network_architectures/architectures/unet.py and
 * building_blocks/{residual,residual_encoders}.py): a residual encoder of basic blocks (He et al. 2016, ResNet-D shortcuts) under the same decoder.
 */
import { Conv, type Initialization, Module } from '@voxelgrad/nn';
import { add, averagePool3d, leakyRelu, reshape, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { type Architecture, LEAKY_SLOPE, type UNetOptions } from './architecture.ts';
import {
  ConvBlock,
  type ConvBlockSettings,
  type Norm,
  normalized,
  normOf,
  type RunBlock,
  StackedConvBlocks,
} from './blocks.ts';
import { type NetworkPlacement, UNet } from './unet.ts';

/** A 1×1×1 convolution without bias, and a norm: what brings a shortcut to more channels. */
class Projection extends Module {
  readonly conv: Conv;
  readonly norm: Norm;

  constructor(
    { inputChannels, outputChannels, kernel, epsilon = 1e-5, norm }: ConvBlockSettings,
    initialization: Initialization,
  ) {
    super();
    this.conv = new Conv({ inputChannels, outputChannels, kernel: kernel.map(() => 1), bias: false }, initialization);
    this.norm = normOf(norm, { channels: outputChannels, epsilon }, initialization);
  }

  forward(x: Tensor): Tensor {
    return normalized(this.conv, this.norm, x);
  }
}

/** The mean over windows of the stride, 2-D or 3-D. */
function averagePool(x: Tensor, stride: readonly number[]): Tensor {
  if (stride.length === 3) return averagePool3d(x, { kernel: stride as unknown as Triple });
  const [n, h, w, c] = x.shape as readonly [number, number, number, number];
  const pooled = averagePool3d(reshape(x, [n, 1, h, w, c]), { kernel: [1, stride[0]!, stride[1]!] });
  return reshape(pooled, [n, ...pooled.shape.slice(2)]);
}

/** Two convolutions and a shortcut around them: `BasicBlockD`. */
class BasicBlock extends Module {
  readonly conv1: ConvBlock;
  readonly conv2: ConvBlock;
  /** A list, as in the official Sequential: the projection's place in it is 1 behind a pooling, else 0. */
  readonly skip: readonly (Projection | undefined)[] | undefined;
  readonly #stride: readonly number[];
  readonly #slope: number;

  constructor(settings: ConvBlockSettings, initialization: Initialization) {
    super();
    const { inputChannels, outputChannels, stride, slope = LEAKY_SLOPE } = settings;
    this.conv1 = new ConvBlock(settings, initialization);
    this.conv2 = new ConvBlock(
      { ...settings, inputChannels: outputChannels, stride: stride.map(() => 1), slope: 1 },
      initialization,
    );
    // The block starts as its shortcut: the official InitWeights zeroes the last norm.
    for (const parameter of this.conv2.norm.parameters()) parameter.device.kernels.fill(parameter, 0);
    const projection = inputChannels === outputChannels ? undefined : new Projection(settings, initialization);
    const strided = stride.some((step) => step !== 1);
    this.skip = projection === undefined ? undefined : strided ? [undefined, projection] : [projection];
    this.#stride = stride;
    this.#slope = slope;
  }

  forward(x: Tensor): Tensor {
    return tidy(() => {
      const pooled = this.#stride.some((step) => step !== 1) ? averagePool(x, this.#stride) : x;
      const shortcut = this.skip?.at(-1)?.forward(pooled) ?? pooled;
      return leakyRelu(add(this.conv2.forward(this.conv1.forward(x)), shortcut), this.#slope);
    });
  }
}

class StackedBlocks extends Module {
  readonly blocks: readonly BasicBlock[];

  constructor(count: number, settings: ConvBlockSettings, initialization: Initialization) {
    super();
    const { outputChannels, stride } = settings;
    const following = { ...settings, inputChannels: outputChannels, stride: stride.map(() => 1) };
    this.blocks = Array.from(
      { length: count },
      (_, i) => new BasicBlock(i === 0 ? settings : following, initialization),
    );
  }

  forward(x: Tensor): Tensor {
    return tidy(() => this.blocks.reduce((value, block) => block.forward(value), x));
  }
}

class ResidualEncoder extends Module {
  readonly stem: StackedConvBlocks;
  readonly stages: readonly StackedBlocks[];

  constructor(
    { inputChannels, features, kernels, strides, convsPerStage, bias, epsilon, slope, norm }: Architecture,
    initialization: Initialization,
  ) {
    super();
    const [first, kernel] = [features[0]!, kernels[0]!];
    this.stem = new StackedConvBlocks(
      1,
      { inputChannels, outputChannels: first, kernel, stride: kernel.map(() => 1), bias, epsilon, slope, norm },
      initialization,
    );
    this.stages = features.map(
      (outputChannels, stage) =>
        new StackedBlocks(
          convsPerStage[stage]!,
          {
            inputChannels: features[Math.max(0, stage - 1)]!,
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
    );
  }

  forward(x: Tensor, run: RunBlock): Tensor[] {
    const outputs: Tensor[] = [];
    const start = run((input) => this.stem.forward(input), x);
    for (const stage of this.stages) outputs.push(run((input) => stage.forward(input), outputs.at(-1) ?? start));
    return outputs;
  }
}

export class ResidualEncoderUNet extends UNet<ResidualEncoder> {
  constructor(options: UNetOptions & NetworkPlacement) {
    super(options, ResidualEncoder);
  }
}
