/**
 * Checkpoints: one safetensors file with the network's weights (official names, PyTorch's layout), the optimizer's state and, as metadata, what
 * else a run needs to go on with the same bits: the history and how far it came.
 */
import {
  loadStateDict,
  type Module,
  type Optimizer,
  readSafetensors,
  readSafetensorsMetadata,
  type SafetensorsEntry,
  stateDict,
  writeSafetensors,
} from '@voxelgrad/nn';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { TrainingHistory } from './history.ts';

export interface Checkpoint {
  readonly history: TrainingHistory;
  /** What the caller wants kept: architecture, labels, settings. Plain JSON. */
  readonly description: unknown;
}

const NETWORK = 'network.';
const OPTIMIZER = 'optimizer.';

export async function encodeCheckpoint(
  network: Module,
  optimizer: Optimizer,
  checkpoint: Checkpoint,
): Promise<Uint8Array> {
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, { shape, data }] of await stateDict(network))
    entries.set(NETWORK + name, { dtype: 'F32', shape, data });
  for (const [name, values] of await optimizer.state())
    entries.set(OPTIMIZER + name, { dtype: 'F32', shape: [values.length], data: values as Float32Array });
  return writeSafetensors(entries, {
    'voxelgrad.history': JSON.stringify(checkpoint.history),
    'voxelgrad.description': JSON.stringify(checkpoint.description),
  });
}

/** What a checkpoint says about itself, without its tensors. Throws 'format' if it is none. */
export function describeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const metadata = readSafetensorsMetadata(bytes);
  const [history, description] = [metadata.get('voxelgrad.history'), metadata.get('voxelgrad.description')];
  if (history === undefined || description === undefined)
    throw new VoxelgradError('format', {
      what: name,
      expected: 'a checkpoint of voxelgrad',
      got: 'safetensors without its metadata',
      help: 'name a file that training has written',
    });
  return { history: JSON.parse(history) as TrainingHistory, description: JSON.parse(description) as unknown };
}

/** What a run that is taken up again must agree with. */
export interface ExpectedRun {
  /** The file, for messages. */
  readonly path: string;
  /** What the caller kept with the checkpoint: with other settings the run would not go on with the same bits. */
  readonly description: unknown;
  /** How to begin anew, for the error. */
  readonly help: string;
}

/**
 * Takes up the run of a checkpoint: sets weights and optimizer, and returns the history. Throws 'format' if it is none, 'option' where it belongs to
 * another run.
 */
export function resumeCheckpoint(
  bytes: Uint8Array,
  { path, description, help }: ExpectedRun,
  network: Module,
  optimizer: Optimizer,
): TrainingHistory {
  const saved = describeCheckpoint(bytes, path);
  const [before, now] = [JSON.stringify(saved.description), JSON.stringify(description)];
  if (before !== now)
    throw new VoxelgradError('option', {
      what: `${path} belongs to another run`,
      expected: before,
      got: now,
      help: `give the options of that run, or ${help}`,
    });
  restoreCheckpoint(bytes, network, optimizer);
  return saved.history;
}

/** Sets the network's weights, and the optimizer's state where one is given. */
export function restoreCheckpoint(bytes: Uint8Array, network: Module, optimizer?: Optimizer): void {
  const entries = readSafetensors(bytes);
  const under = (prefix: string) =>
    [...entries].flatMap(([name, entry]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), entry] as const] : [],
    );
  loadStateDict(
    network,
    new Map(under(NETWORK).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }])),
  );
  optimizer?.restore(new Map(under(OPTIMIZER).map(([name, { data }]) => [name, data as Float32Array])));
}
