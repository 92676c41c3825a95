/** Instance normalisation with a learnt affine map, and the LeakyReLU that follows it fused in. */
import { instanceNorm, type NormOptions, type Tensor } from '@voxelgrad/tensor';
import { constantParameter, type Initialization } from '../initialization.ts';
import { Module } from '../module.ts';

/** How many channels, and what follows the norm. */
export interface InstanceNormSettings {
  readonly channels: number;
  readonly epsilon?: number;
  /** Slope of the LeakyReLU after it; 1 for none. */
  readonly slope?: number;
}

/** Normalises each channel of each image over space (Ulyanov et al. 2016). */
export class InstanceNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly #epsilon: number;
  readonly #slope: number;

  constructor({ channels, epsilon = 1e-5, slope = 1 }: InstanceNormSettings, initialization: Initialization) {
    super();
    this.weight = constantParameter(1, [channels], initialization);
    this.bias = constantParameter(0, [channels], initialization);
    this.#epsilon = epsilon;
    this.#slope = slope;
  }

  /** `x [n, …space, c]`, same shape out. */
  forward(x: Tensor): Tensor {
    return instanceNorm(x, this.options);
  }

  /** For whoever runs it as one unit with what comes before. */
  get options(): NormOptions {
    return { weight: this.weight, bias: this.bias, epsilon: this.#epsilon, slope: this.#slope };
  }
}
