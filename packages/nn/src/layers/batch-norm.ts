/** Batch normalisation with a learnt affine map and running statistics. Field names are PyTorch's, since a state dict is made of them. */
import { batchNorm, inFirstPass, leakyRelu, noGrad, overwrite, shift, type Tensor, tidy } from '@voxelgrad/tensor';
import { constantBuffer, constantParameter, type Initialization } from '../initialization.ts';
import { Module } from '../module.ts';
import type { InstanceNormSettings } from './norm.ts';

/** Normalises each channel over a batch (Ioffe & Szegedy 2015), or, where the network's mode is not training, by the running statistics. */
export class BatchNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly running_mean: Tensor;
  readonly running_var: Tensor;
  /** Batches that were trained on; only kept, as PyTorch keeps it. */
  readonly num_batches_tracked: Tensor;
  readonly #epsilon: number;
  readonly #slope: number;
  readonly #mode: Initialization['mode'];

  constructor({ channels, epsilon = 1e-5, slope = 1 }: InstanceNormSettings, initialization: Initialization) {
    super();
    this.weight = constantParameter(1, [channels], initialization);
    this.bias = constantParameter(0, [channels], initialization);
    this.running_mean = constantBuffer(0, [channels], initialization);
    this.running_var = constantBuffer(1, [channels], initialization);
    this.num_batches_tracked = constantBuffer(0, [], initialization);
    this.#epsilon = epsilon;
    this.#slope = slope;
    this.#mode = initialization.mode;
  }

  /** `x [n, …space, c]`, same shape out. */
  forward(x: Tensor): Tensor {
    const training = this.#mode?.training ?? false;
    return tidy(() => {
      const { y, runningMean, runningVariance } = batchNorm(x, {
        weight: this.weight,
        bias: this.bias,
        runningMean: this.running_mean,
        runningVariance: this.running_var,
        training,
        epsilon: this.#epsilon,
      });
      const keepStatistics = (): void => {
        overwrite(this.running_mean, runningMean);
        overwrite(this.running_var, runningVariance);
        overwrite(this.num_batches_tracked, shift(this.num_batches_tracked, 1));
      };
      if (training) inFirstPass(() => noGrad(keepStatistics));
      return this.#slope === 1 ? y : leakyRelu(y, this.#slope);
    });
  }
}
