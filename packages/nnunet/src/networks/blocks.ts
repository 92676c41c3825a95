/**
 * The convolution blocks of nnU-Net's networks (dynamic_network_architectures/building_blocks/simple_conv_blocks.py). Field names are the official
 * ones, since a state dict is made of them.
 */
import { BatchNorm, Conv, type Initialization, InstanceNorm, type InstanceNormSettings, Module } from '@voxelgrad/nn';
import { type Tensor, tidy } from '@voxelgrad/tensor';
import { LEAKY_SLOPE, type NormKind } from './architecture.ts';

export interface ConvBlockSettings {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Of the LeakyReLU that follows the norm; nnU-Net's by default, 1 for none. */
  readonly slope?: number;
  readonly bias?: boolean;
  readonly epsilon?: number;
  readonly norm?: NormKind;
}

export type Norm = InstanceNorm | BatchNorm;

export const normOf = (
  kind: NormKind | undefined,
  settings: InstanceNormSettings,
  initialization: Initialization,
): Norm => (kind === 'batch' ? new BatchNorm(settings, initialization) : new InstanceNorm(settings, initialization));

/** A convolution and its norm; an instance norm as one unit with it. */
export const normalized = (conv: Conv, norm: Norm, x: Tensor): Tensor =>
  norm instanceof InstanceNorm ? conv.forward(x, norm) : norm.forward(conv.forward(x));

/** Convolution, norm, LeakyReLU. `ConvDropoutNormReLU` of the official code, without dropout. */
export class ConvBlock extends Module {
  readonly conv: Conv;
  readonly norm: Norm;

  constructor(settings: ConvBlockSettings, initialization: Initialization) {
    super();
    const { outputChannels, slope = LEAKY_SLOPE, epsilon = 1e-5 } = settings;
    this.conv = new Conv(settings, initialization);
    this.norm = normOf(settings.norm, { channels: outputChannels, epsilon, slope }, initialization);
  }

  forward(x: Tensor): Tensor {
    return tidy(() => normalized(this.conv, this.norm, x));
  }
}

/** Several blocks; the first one changes resolution and channels. `StackedConvBlocks`. */
export class StackedConvBlocks extends Module {
  readonly convs: readonly ConvBlock[];

  constructor(count: number, settings: ConvBlockSettings, initialization: Initialization) {
    super();
    const { outputChannels, stride } = settings;
    const following = { ...settings, inputChannels: outputChannels, stride: stride.map(() => 1) };
    this.convs = Array.from({ length: count }, (_, i) => new ConvBlock(i === 0 ? settings : following, initialization));
  }

  /** `x`, or a function that makes it: then it is freed as soon as the first block has read it, unless the record of operations needs it. */
  forward(x: Tensor | (() => Tensor)): Tensor {
    return tidy(() => {
      const [first, ...others] = this.convs;
      let value = tidy(() => first!.forward(typeof x === 'function' ? x() : x));
      for (const block of others) {
        const next = block.forward(value);
        value.dispose();
        value = next;
      }
      return value;
    });
  }
}

/** How a network runs its blocks: plainly, or with gradient checkpointing. */
export type RunBlock = <Inputs extends Tensor[]>(block: (...inputs: Inputs) => Tensor, ...inputs: Inputs) => Tensor;

export const runPlainly: RunBlock = (block, ...inputs) => block(...inputs);
