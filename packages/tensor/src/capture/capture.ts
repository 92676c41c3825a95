/**
 * Steps are recorded once. `capture` runs a function without computing anything and keeps what it asks of the device: kernels, their arguments, and which
 * memory lives when. `replay` enqueues all of it again: no op's JavaScript runs, and nothing is allocated, since everything has its place in an arena that
 * was planned from the lifetimes. A replay computes the same bits as the function would.
 *
 *   const image = zeros([2, 32, 32, 32, 1], { device });          // made before: what changes from step to step
 *   const step = capture(device, () => {
 *     const loss = criterion(network.forward(image), label);
 *     loss.backward();
 *     optimizer.step();
 *     return loss.detach();
 *   });
 *   await step.ready((done, total) => progress.report(done / total));   // WebGPU pipelines
 *   for (const values of batches) {
 *     image.write(values);
 *     step.replay();
 *     console.log(await step.result.item());
 *   }
 *
 * The function must do the same each time: it is run twice, and a difference (a counter, say) is an error. What is to change goes into tensors that are
 * made before and written between replays; an optimizer keeps its learning rate and loss scale in such. A generator of random numbers goes on with each replay. All errors that say why something cannot
 * be captured have the code 'capture'.
 */
import { debugChoice } from '../debug.ts';
import type { Device, DeviceBuffer } from '../device/device.ts';
import { keep, tidy } from '../scope.ts';
import { Tensor } from '../tensor.ts';
import {
  type CapturedMemory,
  type CompileProgress,
  type DeviceProgram,
  type DeviceRecording,
  notCapturable,
} from './recording.ts';

/** A step that can be run again and again. */
export class Captured<Result> {
  /** What the function returned: the tensors in it hold the values of the last replay. They belong to the captured step. */
  readonly result: Result;
  readonly #program: DeviceProgram;
  readonly #outputs: readonly Tensor[];
  #disposed = false;

  constructor(result: Result, program: DeviceProgram, outputs: readonly Tensor[]) {
    this.result = result;
    this.#program = program;
    this.#outputs = outputs;
  }

  get memory(): CapturedMemory {
    return this.#program.memory;
  }

  /** Resolves when all pipelines are compiled, which started with the capture; rejects with the first that does not compile. */
  ready(onProgress?: CompileProgress): Promise<void> {
    return this.#program.ready(onProgress);
  }

  /** Enqueues the step once more; never waits. Replays before `ready` run when it is. */
  replay(): void {
    if (this.#disposed) throw notCapturable('is replayed after it was disposed of', 'capture it again');
    this.#program.run();
  }

  /** Frees the arena and the result. What was replayed still runs. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const tensor of this.#outputs) tensor.dispose();
    this.#program.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Records `work`, which must not wait for values, and makes it replayable. Throws 'capture' where it is not. Nothing is computed yet. */
export function capture<Result>(device: Device, work: () => Result): Captured<Result> {
  const first = record(device, work);
  for (const tensor of first.outputs) tensor.dispose();
  const { recording, result, outputs } = record(device, work);
  const difference = recording.differenceFrom(first.recording);
  if (difference !== undefined) {
    for (const tensor of outputs) tensor.dispose();
    throw notCapturable(
      `is not the same each time: ${difference}`,
      'what changes from step to step belongs into tensors that are written before each replay',
    );
  }
  const program = recording.finish(buffersOf(outputs));
  debugChoice(() => {
    const { commands, arenaBytes, eagerPeakBytes, constantBytes } = program.memory;
    return `captured step: ${commands} commands in an arena of ${arenaBytes} bytes (op by op ${eagerPeakBytes}), ${constantBytes} bytes of constants`;
  });
  return new Captured(result, program, outputs);
}

/**
 * Compiles all pipelines that `work` needs, in parallel, without computing anything: run `work` afterwards and nothing waits for the compiler. For networks
 * whose calls are not captured. Resolves at once on devices that compile nothing.
 */
export async function compile(device: Device, work: () => unknown, onProgress?: CompileProgress): Promise<void> {
  const { recording, outputs } = record(device, work);
  for (const tensor of outputs) tensor.dispose();
  await recording.compile(onProgress);
}

/** Runs `work` on paper. The tensors that it returns belong to the caller; those of them that were made before are not among the outputs. */
export function record<Result>(device: Device, work: () => Result) {
  const recording: DeviceRecording = device.startRecording();
  let result: Result;
  try {
    result = tidy(work);
  } finally {
    recording.end();
  }
  const outputs = tensorsIn(result).filter(({ buffer }) => recording.made(buffer));
  for (const tensor of outputs) keep(tensor);
  try {
    recording.check(buffersOf(outputs));
  } catch (error) {
    for (const tensor of outputs) tensor.dispose();
    throw error;
  }
  return { recording, result, outputs };
}

const buffersOf = (tensors: readonly Tensor[]): Set<DeviceBuffer> => new Set(tensors.map(({ buffer }) => buffer));

/** The tensors that a value is or holds in arrays and plain objects, as `tidy` finds them. */
function tensorsIn(value: unknown, found: Tensor[] = []): Tensor[] {
  if (value instanceof Tensor) found.push(value);
  else if (Array.isArray(value)) for (const entry of value) tensorsIn(entry, found);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    for (const entry of Object.values(value)) tensorsIn(entry, found);
  return found;
}
