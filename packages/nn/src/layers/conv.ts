/** Convolution layers, 2-D or 3-D by the length of the kernel. */
import {
  conv2d,
  conv3d,
  convNorm2d,
  convNorm3d,
  convTranspose2d,
  convTranspose3d,
  type Tensor,
  type Triple,
} from '@voxelgrad/tensor';
import { constantParameter, heNormal, type Initialization } from '../initialization.ts';
import { Module } from '../module.ts';
import type { InstanceNorm } from './norm.ts';

/** Channels and geometry of a convolution. */
export interface ConvSettings {
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Two or three extents. */
  readonly kernel: readonly number[];
  /** One for each axis; 1 by default. */
  readonly stride?: readonly number[];
  /** By default a bias is learnt. */
  readonly bias?: boolean;
}

/** Pads with `(kernel − 1) / 2` zeros, so that stride 1 keeps the size. */
export class Conv extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #stride: readonly number[];
  readonly #padding: readonly number[];

  constructor(
    { inputChannels, outputChannels, kernel, stride, bias = true }: ConvSettings,
    initialization: Initialization,
  ) {
    super();
    this.weight = heNormal([...kernel, inputChannels, outputChannels], initialization);
    this.bias = bias ? constantParameter(0, [outputChannels], initialization) : undefined;
    this.#stride = stride ?? kernel.map(() => 1);
    this.#padding = kernel.map((extent) => (extent - 1) >> 1);
  }

  /** `x [n, …space, cin]` → `[n, …space / stride, cout]`; with a norm what `norm.forward` makes of that, as one unit. */
  forward(x: Tensor, norm?: InstanceNorm): Tensor {
    const { weight, bias } = this;
    if (this.#stride.length === 2) {
      const options = { bias, stride: pair(this.#stride), padding: pair(this.#padding) };
      return norm === undefined
        ? conv2d(x, weight, options)
        : convNorm2d(x, weight, { ...options, norm: norm.options });
    }
    const options = { bias, stride: triple(this.#stride), padding: triple(this.#padding) };
    return norm === undefined ? conv3d(x, weight, options) : convNorm3d(x, weight, { ...options, norm: norm.options });
  }
}

/** Upsampling by a transposed convolution whose kernel is its stride, so that windows do not overlap. */
export class ConvTranspose extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly #stride: readonly number[];

  constructor({ inputChannels, outputChannels, kernel, bias = true }: ConvSettings, initialization: Initialization) {
    super();
    this.weight = heNormal([...kernel, outputChannels, inputChannels], initialization);
    this.bias = bias ? constantParameter(0, [outputChannels], initialization) : undefined;
    this.#stride = kernel;
  }

  /** `x [n, …space, cin]` → `[n, …space · kernel, cout]`. */
  forward(x: Tensor): Tensor {
    if (this.#stride.length === 2)
      return convTranspose2d(x, this.weight, { bias: this.bias, stride: pair(this.#stride) });
    return convTranspose3d(x, this.weight, { bias: this.bias, stride: triple(this.#stride) });
  }
}

const pair = (values: readonly number[]): readonly [number, number] => values as readonly [number, number];
const triple = (values: readonly number[]): Triple => values as unknown as Triple;
