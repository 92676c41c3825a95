/** What an nnU-Net network is made of, as plans.json has it under `architecture.arch_kwargs`, and the defaults for what is left out. */
import { VoxelgradError } from '@voxelgrad/tensor';

/** nnU-Net's LeakyReLU. */
export const LEAKY_SLOPE = 0.01;

export interface UNetOptions {
  readonly inputChannels: number;
  /** Output channels: labels with background, or regions. */
  readonly classes: number;
  /** Channels of each stage, finest first: `features_per_stage`. */
  readonly features: readonly number[];
  /** `kernel_sizes`, one for each stage; 3 on every axis by default. Their length, 2 or 3, is the network's dimension. */
  readonly kernels?: readonly (readonly number[])[];
  /** `strides`; 1 for the first stage and 2 for the others by default. */
  readonly strides?: readonly (readonly number[])[];
  /** `n_conv_per_stage` (blocks of a residual encoder: `n_blocks_per_stage`); 2 by default. */
  readonly convsPerStage?: readonly number[];
  /** `n_conv_per_stage_decoder`; 2 by default. */
  readonly convsPerDecoderStage?: readonly number[];
  readonly bias?: boolean;
  readonly epsilon?: number;
  /** Slope of the LeakyReLU below zero: `nonlin_kwargs.negative_slope`; 0.01 by default, 0 for a ReLU. */
  readonly slope?: number;
  /** 'instance' (default), or 'batch': of what nnUNetTrainerBN trains. */
  readonly norm?: NormKind;
  /** How a decoder stage takes in the encoder's output of its resolution: 'concatenate' as nnU-Net (default), or 'add'. */
  readonly skipFusion?: SkipFusion;
}

export type NormKind = 'instance' | 'batch';

/** 'add' is that of fully convolutional networks (Long, Shelhamer & Darrell 2015): half the input channels, and so fewer weights and less memory. */
export type SkipFusion = (typeof skipFusions)[number];
export const skipFusions = ['concatenate', 'add'] as const;

export type Architecture = Required<UNetOptions>;

/** Fills in the defaults and checks that all lists fit. Throws 'option'. */
export function completeArchitecture(options: UNetOptions): Architecture {
  const { features } = options;
  const dimension = options.kernels?.[0]?.length ?? options.strides?.[0]?.length ?? 3;
  const axes = Array.from({ length: dimension }, () => 0);
  const architecture: Architecture = {
    kernels: features.map(() => axes.map(() => 3)),
    strides: features.map((_, stage) => axes.map(() => (stage === 0 ? 1 : 2))),
    convsPerStage: features.map(() => 2),
    convsPerDecoderStage: features.slice(1).map(() => 2),
    bias: true,
    epsilon: 1e-5,
    slope: LEAKY_SLOPE,
    norm: 'instance',
    skipFusion: 'concatenate',
    ...options,
  };
  if (!skipFusions.includes(architecture.skipFusion))
    throw new VoxelgradError('option', {
      what: 'network: skipFusion',
      expected: skipFusions.join(' or '),
      got: String(architecture.skipFusion),
    });
  const lists = {
    kernels: features.length,
    strides: features.length,
    convsPerStage: features.length,
    convsPerDecoderStage: features.length - 1,
  };
  for (const [name, length] of Object.entries(lists) as [keyof typeof lists, number][])
    if (architecture[name].length !== length || features.length < 2)
      throw new VoxelgradError('option', {
        what: `network: ${name}`,
        expected: `${length} entries for ${features.length} stages (at least two)`,
        got: String(architecture[name].length),
      });
  return architecture;
}

/** What an input's extents must be divisible by: the product of the strides on each axis. */
export function divisors({ strides }: Pick<Architecture, 'strides'>): readonly number[] {
  return strides.reduce<readonly number[]>(
    (product, stride) => product.map((value, axis) => value * stride[axis]!),
    strides[0]!.map(() => 1),
  );
}
