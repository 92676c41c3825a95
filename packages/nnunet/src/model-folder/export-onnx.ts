/**
 * Networks as ONNX graphs, for runtimes that know nothing of nnU-Net: image in, logits out, channels first as everywhere outside of this project.
 * Convolutions, instance norms and LeakyReLUs are operators of ONNX's own set; names of weights are the official ones.
 */
import { encodeOnnx, type OnnxExtent, type OnnxGraph, type OnnxNode, type OnnxWeight } from '@voxelgrad/io';
import { toTorchLayout, toTorchShape } from '@voxelgrad/nn';
import type { Tensor } from '@voxelgrad/tensor';
import { ResidualEncoderUNet } from '../networks/residual-encoder-unet.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';

export interface OnnxExportOptions {
  /** Extents of the input, for runtimes that want to know them; by default any that the strides divide. */
  readonly size?: readonly number[];
  /** Texts that go along, such as the plans and the labels. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file: input `image [batch, channels, …size]`, output `logits [batch, classes, …size]`, both f32. */
export const encodeNetworkAsOnnx = (
  network: SegmentationNetwork,
  options: OnnxExportOptions = {},
): AsyncIterable<Uint8Array> => encodeOnnx(onnxGraphOf(network, options));

export function onnxGraphOf(network: SegmentationNetwork, { size, metadata = {} }: OnnxExportOptions = {}): OnnxGraph {
  const { architecture } = network;
  const axes = ['depth', 'height', 'width'].slice(-architecture.kernels[0]!.length);
  const extents: readonly OnnxExtent[] = size ?? axes;
  const graph = new NetworkGraph(network);
  const skips = network instanceof ResidualEncoderUNet ? graph.residualEncoder() : graph.plainEncoder();
  graph.decoder(skips);
  return {
    name: network instanceof ResidualEncoderUNet ? 'ResidualEncoderUNet' : 'PlainConvUNet',
    inputs: [{ name: 'image', shape: ['batch', architecture.inputChannels, ...extents] }],
    outputs: [{ name: 'logits', shape: ['batch', architecture.classes, ...extents] }],
    nodes: graph.nodes,
    weights: graph.weights,
    metadata,
  };
}

/** Builds the graph from the architecture, weight by weight. Methods give the name of their output. */
class NetworkGraph {
  readonly nodes: OnnxNode[] = [];
  readonly weights: OnnxWeight[] = [];
  readonly #network: SegmentationNetwork;
  readonly #parameters: ReadonlyMap<string, Tensor>;

  constructor(network: SegmentationNetwork) {
    this.#network = network;
    this.#parameters = new Map(network.namedState());
  }

  /** The outputs of all stages, finest first. */
  plainEncoder(): string[] {
    const { strides, convsPerStage } = this.#network.architecture;
    const outputs: string[] = [];
    for (const [stage, count] of convsPerStage.entries()) {
      let x = outputs.at(-1) ?? 'image';
      for (let i = 0; i < count; i++)
        x = this.#block(`encoder.stages.${stage}.0.convs.${i}`, x, i === 0 ? strides[stage]! : undefined);
      outputs.push(x);
    }
    return outputs;
  }

  residualEncoder(): string[] {
    const { strides, convsPerStage } = this.#network.architecture;
    const outputs: string[] = [];
    const start = this.#block('encoder.stem.convs.0', 'image');
    for (const [stage, count] of convsPerStage.entries()) {
      let x = outputs.at(-1) ?? start;
      for (let i = 0; i < count; i++)
        x = this.#residualBlock(`encoder.stages.${stage}.blocks.${i}`, x, i === 0 ? strides[stage]! : undefined);
      outputs.push(x);
    }
    return outputs;
  }

  /** Ends in `logits`. */
  decoder(skips: readonly string[]): void {
    const { strides, convsPerDecoderStage, skipFusion } = this.#network.architecture;
    let x = skips.at(-1)!;
    for (const [i, count] of convsPerDecoderStage.entries()) {
      const name = `decoder.transpconvs.${i}`;
      const stride = strides.at(-1 - i)!;
      const up = this.#add('ConvTranspose', [x, ...this.#weightsOf(name)], name, {
        kernel_shape: { integers: stride },
        strides: { integers: stride },
      });
      const [fused, pair] = [`decoder.stages.${i}.input`, [up, skips.at(-2 - i)!]];
      x =
        skipFusion === 'add'
          ? this.#add('Add', pair, fused)
          : this.#add('Concat', pair, fused, { axis: { integer: 1 } });
      for (let conv = 0; conv < count; conv++) x = this.#block(`decoder.stages.${i}.convs.${conv}`, x);
    }
    this.#conv(`decoder.seg_layers.${convsPerDecoderStage.length - 1}`, x, undefined, 'logits');
  }

  /** Convolution, norm, LeakyReLU. */
  #block(name: string, x: string, stride?: readonly number[]): string {
    return this.#activation(name, this.#normalized(name, x, stride));
  }

  #normalized(name: string, x: string, stride?: readonly number[]): string {
    const conv = this.#conv(`${name}.conv`, x, stride);
    const { epsilon, norm } = this.#network.architecture;
    const operator = norm === 'batch' ? 'BatchNormalization' : 'InstanceNormalization';
    return this.#add(operator, [conv, ...this.#weightsOf(`${name}.norm`)], `${name}.norm`, {
      epsilon: { float: epsilon },
    });
  }

  #residualBlock(name: string, x: string, stride?: readonly number[]): string {
    const inner = this.#normalized(`${name}.conv2`, this.#block(`${name}.conv1`, x, stride));
    const strided = stride?.some((step) => step !== 1) === true;
    let shortcut = strided
      ? this.#add('AveragePool', [x], `${name}.skip.pool`, {
          kernel_shape: { integers: stride! },
          strides: { integers: stride! },
        })
      : x;
    const projection = `${name}.skip.${strided ? 1 : 0}`;
    if (this.#parameters.has(`${projection}.conv.weight`)) shortcut = this.#normalized(projection, shortcut);
    return this.#activation(name, this.#add('Add', [inner, shortcut], `${name}.sum`));
  }

  #activation(name: string, x: string): string {
    const { slope } = this.#network.architecture;
    return this.#add('LeakyRelu', [x], `${name}.activation`, { alpha: { float: slope } });
  }

  #conv(name: string, x: string, stride?: readonly number[], output = name): string {
    const kernel = toTorchShape(this.#parameters.get(`${name}.weight`)!.shape).slice(2);
    const padding = kernel.map((extent) => (extent - 1) >> 1);
    return this.#add('Conv', [x, ...this.#weightsOf(name)], output, {
      kernel_shape: { integers: kernel },
      strides: { integers: stride ?? kernel.map(() => 1) },
      pads: { integers: [...padding, ...padding] },
    });
  }

  /** `name.weight` and, where there are any, `name.bias` and running statistics. */
  #weightsOf(name: string): string[] {
    const names = ['weight', 'bias', 'running_mean', 'running_var']
      .map((field) => `${name}.${field}`)
      .filter((one) => this.#parameters.has(one));
    for (const weight of names) {
      const parameter = this.#parameters.get(weight)!;
      this.weights.push({
        name: weight,
        shape: toTorchShape(parameter.shape),
        values: async () => toTorchLayout((await parameter.data()) as Float32Array, parameter.shape),
      });
    }
    return names;
  }

  #add(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: NonNullable<OnnxNode['attributes']> = {},
  ): string {
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }
}
