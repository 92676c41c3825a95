/**
 * Finds the weights in a file that someone saved: a checkpoint of nnU-Net or MONAI, a plain state dict, safetensors. What a file is, its bytes tell.
 * Tensors are read when they are asked for, so that a checkpoint's optimizer state, twice as large as its weights, is never read.
 */
import {
  countsOf,
  type FileSource,
  type Pickled,
  readRange,
  readTorchFile,
  readTorchTensor,
  TorchTensor,
  toFloats,
  weightsFormat,
} from '@voxelgrad/io';
import { type NamedArray, readSafetensors } from '@voxelgrad/nn';
import { VoxelgradError } from '@voxelgrad/tensor';
import { isDuplicateName, originalName, unwrappedName } from './official-names.ts';

/** A tensor that is not read yet. */
export interface WeightReference {
  readonly shape: readonly number[];
  readonly read: () => Promise<Float32Array>;
  /** Whether another one is surely the same, without reading either. */
  readonly isSame: (other: WeightReference) => boolean;
}

export interface CheckpointDetails {
  /** `nnUNetTrainer` */
  readonly trainer?: string;
  /** `3d_fullres` */
  readonly configuration?: string;
  /** Spatial axes along which the network was trained with mirrored images; none where the checkpoint says so. */
  readonly mirrorAxes?: readonly number[];
  /** Epochs trained. */
  readonly epoch?: number;
}

/** The weights in a file by official name, each tensor once. Throws 'format' for a file without weights. */
export async function readWeightReferences(source: FileSource): Promise<ReadonlyMap<string, WeightReference>> {
  const weights =
    (await weightsFormat(source)) === 'safetensors'
      ? await fromSafetensors(source)
      : tensorsIn(stateDictIn(await readTorchFile(source), source.path));
  return withoutDuplicates(weights, source.path);
}

/** All weights of a file, as `loadStateDict` takes them. */
export const readWeights = async (source: FileSource): Promise<Map<string, NamedArray>> =>
  readAll(await readWeightReferences(source));

export async function readAll(weights: ReadonlyMap<string, WeightReference>): Promise<Map<string, NamedArray>> {
  const read = new Map<string, NamedArray>();
  for (const [name, { shape, read: load }] of weights) read.set(name, { shape, data: await load() });
  return read;
}

/** What an nnU-Net checkpoint says of itself; nothing for other files. */
export async function readCheckpointDetails(source: FileSource): Promise<CheckpointDetails> {
  return (await weightsFormat(source)) === 'safetensors' ? {} : detailsIn(await readTorchFile(source));
}

/** The keys under which programs save state dicts, nnU-Net's first. */
const stateDictKeys = ['network_weights', 'state_dict', 'model_state_dict', 'model', 'net', 'weights'];

const isMap = (value: Pickled | undefined): value is Map<Pickled, Pickled> => value instanceof Map;
const holdsTensors = (value: Pickled | undefined): value is Map<Pickled, Pickled> =>
  isMap(value) && value.size > 0 && [...value.values()].some((item) => item instanceof TorchTensor);

function stateDictIn(value: Pickled, what: string): Map<Pickled, Pickled> {
  if (holdsTensors(value)) return value;
  const found = isMap(value) ? stateDictKeys.map((key) => value.get(key)).find(holdsTensors) : undefined;
  if (found !== undefined) return found;
  throw new VoxelgradError('format', {
    what,
    expected: `weights: a state dict, or one under ${stateDictKeys.join(', ')}`,
    got: isMap(value) ? `a dict with ${[...value.keys()].map(String).join(', ').slice(0, 200) || 'nothing'}` : 'none',
  });
}

function tensorsIn(stateDict: Map<Pickled, Pickled>): Map<string, WeightReference> {
  const references = new Map<TorchTensor, WeightReference>();
  const tensorOf = new Map<WeightReference, TorchTensor>();
  const found = new Map<string, WeightReference>();
  for (const [name, tensor] of stateDict) {
    if (typeof name !== 'string' || !(tensor instanceof TorchTensor)) continue;
    const reference = references.get(tensor) ?? {
      shape: tensor.shape,
      read: async () => toFloats(await readTorchTensor(tensor, name)),
      isSame: (other) => tensorOf.get(other)?.isSameView(tensor) === true,
    };
    references.set(tensor, reference);
    tensorOf.set(reference, tensor);
    found.set(name, reference);
  }
  return found;
}

/** More than any checkpoint has; the format is read in one piece. */
const largestSafetensors = 2 ** 33;

/** Names of voxelgrad's own checkpoints begin with `network.`; beside them is the optimizer's state. */
async function fromSafetensors(source: FileSource): Promise<Map<string, WeightReference>> {
  if (source.size > largestSafetensors)
    throw new VoxelgradError('format', {
      what: source.path,
      expected: `at most ${largestSafetensors} bytes`,
      got: String(source.size),
    });
  const entries = [...readSafetensors(await readRange(source, 0, source.size))];
  const own = entries.filter(([name]) => name.startsWith('network.'));
  const named = own.length > 0 ? own.map(([name, entry]) => [name.slice('network.'.length), entry] as const) : entries;
  return new Map(
    named.map(([name, { shape, data }]) => [
      name,
      { shape, read: async () => toFloats(data), isSame: () => false } satisfies WeightReference,
    ]),
  );
}

/** Duplicates must be what they repeat: PyTorch would load whichever comes last, and a file in which they differ means something else. */
async function withoutDuplicates(
  weights: ReadonlyMap<string, WeightReference>,
  what: string,
): Promise<Map<string, WeightReference>> {
  const named = new Map([...weights].map(([name, weight]) => [unwrappedName(name), weight]));
  const kept = new Map([...named].filter(([name]) => !isDuplicateName(name)));
  for (const [name, weight] of named) {
    if (!isDuplicateName(name)) continue;
    const original = kept.get(originalName(name));
    if (original === undefined) kept.set(originalName(name), weight);
    else if (!weight.isSame(original) && !(await areEqual(weight, original)))
      throw new VoxelgradError('format', {
        what,
        expected: `${name} and ${originalName(name)} to be the same`,
        got: 'different values',
        help: 'they are one tensor in nnU-Net; the file was changed by hand',
      });
  }
  return kept;
}

async function areEqual(a: WeightReference, b: WeightReference): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  const [first, second] = [await a.read(), await b.read()];
  return first.every((value, i) => Object.is(value, second[i]));
}

function detailsIn(value: Pickled): CheckpointDetails {
  if (!isMap(value)) return {};
  const trainer = value.get('trainer_name');
  const init = value.get('init_args');
  const configuration = isMap(init) ? init.get('configuration') : undefined;
  const axes = value.get('inference_allowed_mirroring_axes');
  const mirrorAxes = axes === null ? [] : countsOf(axes);
  const epoch = value.get('current_epoch');
  return {
    ...(typeof trainer === 'string' ? { trainer } : {}),
    ...(typeof configuration === 'string' ? { configuration } : {}),
    ...(mirrorAxes === undefined ? {} : { mirrorAxes }),
    ...(typeof epoch === 'number' ? { epoch } : {}),
  };
}
