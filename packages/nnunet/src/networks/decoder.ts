/**
 * The decoder shared by nnU-Net's networks (dynamic_network_architectures/building_blocks/unet_decoder.py): upsampling by a transposed
 * convolution, concatenation with the encoder's output of that resolution (or its addition), convolutions; a 1×1×1 convolution to classes at every resolution.
 */
import { Conv, ConvTranspose, type Initialization, Module } from '@voxelgrad/nn';
import { add, concat, type Tensor, tidy } from '@voxelgrad/tensor';
import type { Architecture } from './architecture.ts';
import { type RunBlock, StackedConvBlocks } from './blocks.ts';

export class UNetDecoder extends Module {
  // The official order of the fields: it is the order of the optimizer's parameters.
  readonly stages: readonly StackedConvBlocks[];
  readonly transpconvs: readonly ConvTranspose[];
  readonly seg_layers: readonly Conv[];
  readonly #fuse: (up: Tensor, skip: Tensor) => Tensor;

  constructor(
    { features, kernels, strides, convsPerDecoderStage, classes, bias, epsilon, slope, norm, skipFusion }: Architecture,
    initialization: Initialization,
  ) {
    super();
    this.#fuse = skipFusion === 'add' ? add : (up, skip) => concat([up, skip], -1);
    // Decoder stage i works at the resolution of encoder stage `level`, coarse to fine.
    const levels = features.slice(1).map((_, i) => features.length - 2 - i);
    this.stages = levels.map(
      (level, i) =>
        new StackedConvBlocks(
          convsPerDecoderStage[i]!,
          {
            inputChannels: (skipFusion === 'add' ? 1 : 2) * features[level]!,
            outputChannels: features[level]!,
            kernel: kernels[level]!,
            stride: kernels[level]!.map(() => 1),
            bias,
            epsilon,
            slope,
            norm,
          },
          initialization,
        ),
    );
    this.transpconvs = levels.map(
      (level) =>
        new ConvTranspose(
          { inputChannels: features[level + 1]!, outputChannels: features[level]!, kernel: strides[level + 1]!, bias },
          initialization,
        ),
    );
    this.seg_layers = levels.map(
      (level) =>
        new Conv(
          { inputChannels: features[level]!, outputChannels: classes, kernel: kernels[level]!.map(() => 1) },
          initialization,
        ),
    );
  }

  /** `skips`: the encoder's outputs, finest first. Logits for each resolution, finest first. */
  forward(skips: readonly Tensor[], run: RunBlock): Tensor[] {
    return tidy(() => {
      const outputs: Tensor[] = [];
      this.#ascend(skips, run, (x, i) => outputs.unshift(this.seg_layers[i]!.forward(x)));
      return outputs;
    });
  }

  /** What the layer of the finest logits sees. */
  features(skips: readonly Tensor[], run: RunBlock): Tensor {
    return tidy(() => this.#ascend(skips, run));
  }

  /** From features to the finest logits: linear, and of each voxel by itself. */
  classify(features: Tensor): Tensor {
    return this.seg_layers.at(-1)!.forward(features);
  }

  #ascend(skips: readonly Tensor[], run: RunBlock, onStage?: (x: Tensor, stage: number) => void): Tensor {
    let x = skips.at(-1)!;
    this.stages.forEach((stage, i) => {
      const coarse = x;
      x = tidy(() =>
        run(
          (coarse, skip) => stage.forward(() => tidy(() => this.#fuse(this.transpconvs[i]!.forward(coarse), skip))),
          coarse,
          skips.at(-2 - i)!,
        ),
      );
      if (i > 0) coarse.dispose();
      onStage?.(x, i);
    });
    return x;
  }
}
