/** What nnU-Net's networks have in common: an encoder of their own, the decoder, and how both are run. */
import { type Initialization, Module } from '@voxelgrad/nn';
import { checkpoint, type Device, RandomGenerator, recomputing, type Tensor, tidy } from '@voxelgrad/tensor';
import { type Architecture, completeArchitecture, type UNetOptions } from './architecture.ts';
import { type RunBlock, runPlainly } from './blocks.ts';
import { UNetDecoder } from './decoder.ts';

export interface NetworkPlacement {
  readonly device: Device;
  /** Seeds the initialisation (He normal); 0 by default. */
  readonly seed?: number;
  /** Keeps only each stage's inputs and computes it again in the backward pass: less memory, one more forward pass. */
  readonly gradientCheckpointing?: boolean;
  /**
   * Makes what norms and concatenations give again in the backward pass instead of keeping it: about two thirds of the memory, for one more pass over each.
   * By default on WebGPU, where memory is short and that pass is cheap.
   */
  readonly recomputation?: boolean;
}

/** What training and prediction need of a network. */
export interface SegmentationNetwork extends Module {
  readonly architecture: Architecture;
  /** Whether batch norms normalise by their batch and learn the running statistics. Gradients through other networks do not depend on it. */
  training: boolean;
  /** `x [n, …space, c]`, extents divisible by the strides → logits `[n, …space, classes]` for every resolution, finest first. */
  forward(x: Tensor): Tensor[];
  /** Only the finest logits. */
  predict(x: Tensor): Tensor;
  /** `[n, …space, architecture.features[0]]`: what the layer of the finest logits sees; `predict` is `classify` of it. */
  features(x: Tensor): Tensor;
  /** The finest logits of features `[n, …space, features]`, of any extents: linear, and of each voxel by itself. */
  classify(features: Tensor): Tensor;
}

/** An encoder: the output of every stage, finest first. */
export interface UNetEncoder extends Module {
  forward(x: Tensor, run: RunBlock): Tensor[];
}

export abstract class UNet<Encoder extends UNetEncoder> extends Module implements SegmentationNetwork {
  readonly architecture: Architecture;
  // The official order of the fields: it is the order of the optimizer's parameters.
  readonly encoder: Encoder;
  readonly decoder: UNetDecoder;
  readonly #run: RunBlock;
  readonly #mode = { training: false };
  readonly #recomputation: boolean;

  constructor(
    { device, seed = 0, gradientCheckpointing = false, recomputation, ...options }: UNetOptions & NetworkPlacement,
    Encoder: new (architecture: Architecture, initialization: Initialization) => Encoder,
  ) {
    super();
    this.architecture = completeArchitecture(options);
    this.#run = gradientCheckpointing ? checkpoint : runPlainly;
    this.#recomputation = recomputation ?? device.kind === 'webgpu';
    const initialization = { device, random: new RandomGenerator(seed), mode: this.#mode };
    this.encoder = new Encoder(this.architecture, initialization);
    this.decoder = new UNetDecoder(this.architecture, initialization);
  }

  get training(): boolean {
    return this.#mode.training;
  }

  set training(training: boolean) {
    this.#mode.training = training;
  }

  forward(x: Tensor): Tensor[] {
    const forward = () => tidy(() => this.decoder.forward(this.encoder.forward(x, this.#run), this.#run));
    return this.#recomputation ? recomputing(forward) : forward();
  }

  predict(x: Tensor): Tensor {
    return tidy(() => this.classify(this.features(x)));
  }

  features(x: Tensor): Tensor {
    return tidy(() => this.decoder.features(this.encoder.forward(x, this.#run), this.#run));
  }

  classify(features: Tensor): Tensor {
    return this.decoder.classify(features);
  }
}
