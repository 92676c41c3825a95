/**
 * Writes ONNX models (onnx/onnx.proto of ONNX 1.12: IR version 8, operator set 17) as a stream: weights are asked for one after the other. The same
 * graph gives the same bytes.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { ProtobufMessage } from './protobuf.ts';

/** An extent, or a name for one that is known only when the model runs. */
export type OnnxExtent = number | string;

export interface OnnxValue {
  readonly name: string;
  /** Of f32. */
  readonly shape: readonly OnnxExtent[];
}

export interface OnnxNode {
  /** `Conv` */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export type OnnxAttribute =
  | { readonly float: number }
  | { readonly integer: number }
  | { readonly integers: readonly number[] };

export interface OnnxWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** f32 in row-major order. */
  readonly values: () => Promise<Float32Array>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Each after those whose outputs it takes. */
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxWeight[];
  /** Free texts that go along. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const irVersion = 8;
const operatorSet = 17;
const floatType = 1;
const attributeTypes = { float: 1, integer: 2, integers: 7 } as const;
/** What a message may be long. */
const largestModel = 2 ** 31 - 1;

/** The file's bytes. Throws 'option' at once for a model of 2 GiB or more, which one file cannot hold. */
export function encodeOnnx(graph: OnnxGraph): AsyncIterable<Uint8Array<ArrayBuffer>> {
  const description = new ProtobufMessage();
  for (const node of graph.nodes) description.message(1, nodeMessage(node));
  description.text(2, graph.name);
  const weights = graph.weights.map((weight) => ({ weight, header: weightHeader(weight) }));
  const values = new ProtobufMessage();
  for (const input of graph.inputs) values.message(11, valueMessage(input));
  for (const output of graph.outputs) values.message(12, valueMessage(output));
  const length = weights.reduce(
    (sum, { weight, header }) => sum + header.length + weightBytes(weight),
    description.length + values.length,
  );
  if (length > largestModel)
    throw new VoxelgradError('option', {
      what: `ONNX model ${graph.name}`,
      expected: `at most ${largestModel} bytes`,
      got: String(length),
    });
  const start = new ProtobufMessage().integer(1, irVersion).text(2, 'voxelgrad').begin(7, length);
  return stream([start, description], weights, [values, modelEnd(graph)]);
}

async function* stream(
  before: readonly ProtobufMessage[],
  weights: readonly { readonly weight: OnnxWeight; readonly header: ProtobufMessage }[],
  after: readonly ProtobufMessage[],
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  for (const message of before) yield message.finish();
  for (const { weight, header } of weights) {
    const values = await weight.values();
    if (values.byteLength !== weightBytes(weight))
      throw new VoxelgradError('shape', {
        what: `weight ${weight.name}`,
        expected: `[${weight.shape.join(', ')}]`,
        got: `${values.length} values`,
      });
    yield header.finish();
    yield new Uint8Array(values.slice().buffer);
  }
  for (const message of after) yield message.finish();
}

const weightBytes = ({ shape }: OnnxWeight): number => 4 * shape.reduce((product, extent) => product * extent, 1);

/** An initializer up to its values, which come last. */
function weightHeader(weight: OnnxWeight): ProtobufMessage {
  const tensor = new ProtobufMessage();
  for (const extent of weight.shape) tensor.integer(1, extent);
  tensor.integer(2, floatType).text(8, weight.name).begin(9, weightBytes(weight));
  return new ProtobufMessage().begin(5, tensor.length + weightBytes(weight)).raw(tensor.finish());
}

function nodeMessage({ operator, inputs, output, attributes = {} }: OnnxNode): ProtobufMessage {
  const node = new ProtobufMessage();
  for (const input of inputs) node.text(1, input);
  node.text(2, output).text(3, output).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) node.message(5, attributeMessage(name, value));
  return node;
}

function attributeMessage(name: string, value: OnnxAttribute): ProtobufMessage {
  const attribute = new ProtobufMessage().text(1, name);
  if ('float' in value) return attribute.float(2, value.float).integer(20, attributeTypes.float);
  if ('integer' in value) return attribute.integer(3, value.integer).integer(20, attributeTypes.integer);
  for (const item of value.integers) attribute.integer(8, item);
  return attribute.integer(20, attributeTypes.integers);
}

function valueMessage({ name, shape }: OnnxValue): ProtobufMessage {
  const extents = new ProtobufMessage();
  for (const extent of shape) {
    const dimension = new ProtobufMessage();
    extents.message(1, typeof extent === 'number' ? dimension.integer(1, extent) : dimension.text(2, extent));
  }
  const tensor = new ProtobufMessage().integer(1, floatType).message(2, extents);
  return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor));
}

/** The operator set, and the metadata. */
function modelEnd({ metadata = {} }: OnnxGraph): ProtobufMessage {
  const end = new ProtobufMessage().message(8, new ProtobufMessage().text(1, '').integer(2, operatorSet));
  for (const [key, value] of Object.entries(metadata))
    end.message(14, new ProtobufMessage().text(1, key).text(2, value));
  return end;
}
