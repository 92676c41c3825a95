/**
 * Measures the candidates of questions on the adapter at hand, in the manner of cubecl's autotune: each is checked against the preset's numbers, then timed,
 * all of them in turn, so that a machine that slows down slows all of them.
 */
import type { CompileProgress } from '../../capture/recording.ts';
import { debug } from '../../debug.ts';
import { isVoxelgradError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Operand } from '../device.ts';
import type { Question } from './choices.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

/** What became of the candidates of one kernel. */
export interface TunedKernel {
  /** The kernel, with shapes and options. */
  readonly kernel: string;
  readonly chosen: string;
  readonly preset: string;
  /** Of each candidate that runs and computes what the preset does: seconds of one call. Those far behind the best are timed only once. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** A measurement runs about this long, in seconds: far above what clocks resolve, which in browsers is 0.1 ms. */
const LONG_ENOUGH = 0.004;
const MOST_REPEATS = 64;
const ROUNDS = 3;
/** Whoever takes so many times the best's time in a first run is out. */
const HOPELESS = 2;
/** What a candidate must save to be taken instead of the preset: less is noise. */
const LEAST_GAIN = 0.03;
/** Allowed differences from the preset's results, relative to the largest of them: candidates sum in other orders. */
const AGREEMENT = { f32: 1e-4, f16: 4e-3 };

/** Answers for all questions. Each is kept before the next is asked, so that whoever is interrupted goes on where he was. */
export async function tuneQuestions(
  device: WebgpuDevice,
  questions: ReadonlyMap<string, Question>,
  keep: (tuned: TunedKernel) => Promise<void>,
  onProgress?: CompileProgress,
): Promise<TunedKernel[]> {
  const tuned: TunedKernel[] = [];
  onProgress?.(0, questions.size);
  for (const [key, question] of questions) {
    const seconds = await measure(device, question);
    const answer = { kernel: key, chosen: fastest(question, seconds), preset: question.preset, seconds };
    debug(2, () => describe(answer));
    await keep(answer);
    tuned.push(answer);
    onProgress?.(tuned.length, questions.size);
  }
  return tuned;
}

const describe = ({ kernel, chosen, seconds }: TunedKernel): string => {
  const times = Object.entries(seconds).sort(([, a], [, b]) => a - b);
  return `tuned ${kernel}: ${chosen} (${times.map(([name, time]) => `${name} ${(time * 1e3).toPrecision(3)} ms`).join(', ')})`;
};

function fastest({ preset }: Question, seconds: Readonly<Record<string, number>>): string {
  const [best] = Object.entries(seconds).sort(([, a], [, b]) => a - b);
  if (best === undefined) return preset;
  return best[1] < (seconds[preset] ?? Number.POSITIVE_INFINITY) * (1 - LEAST_GAIN) ? best[0] : preset;
}

async function measure(device: WebgpuDevice, question: Question): Promise<Record<string, number>> {
  const operands = question.operands.map(({ dtype, shape }) => device.temporary(dtype, shape));
  try {
    for (const [i, operand] of operands.slice(0, -1).entries()) fillWithNoise(device, operand, i);
    const run = (name: string, times: number): Promise<number> =>
      device.timed(() => {
        for (let i = 0; i < times; i++) question.run(name, operands);
      });
    const once = await firstRuns(device, question, operands, run);
    const best = Math.min(...Object.values(once));
    const repeats = Math.min(MOST_REPEATS, Math.max(1, Math.ceil(LONG_ENOUGH / best)));
    const timed = Object.keys(once).filter((name) => once[name]! <= HOPELESS * best);
    const least = { ...once };
    for (let round = 0; round < ROUNDS; round++)
      for (const name of timed) {
        const seconds = (await run(name, repeats)) / repeats;
        least[name] = round === 0 ? seconds : Math.min(least[name]!, seconds);
      }
    return least;
  } finally {
    for (const { buffer } of operands) device.free(buffer);
  }
}

/** Seconds of a first, warmed-up run of each candidate that compiles and agrees with the preset. */
async function firstRuns(
  device: WebgpuDevice,
  question: Question,
  operands: readonly Operand[],
  run: (name: string, times: number) => Promise<number>,
): Promise<Record<string, number>> {
  const { preset, candidates } = question;
  const result = operands.at(-1)!;
  const resultOf = async (name: string): Promise<ArrayLike<number>> => {
    // What a candidate leaves out must not be the last one's.
    device.kernels.fill(result, 0);
    question.run(name, operands);
    return device.read(result);
  };
  const seconds: Record<string, number> = {};
  const expected = await resultOf(preset);
  seconds[preset] = await run(preset, 1);
  for (const name of candidates.filter((name) => name !== preset))
    try {
      if (agrees(await resultOf(name), expected, result.dtype === 'f16' ? AGREEMENT.f16 : AGREEMENT.f32))
        seconds[name] = await run(name, 1);
      else debug(1, () => `${question.kernel}: ${name} computes something else on ${device.description}`);
    } catch (error) {
      if (!isVoxelgradError(error, 'kernel') && !isVoxelgradError(error, 'out-of-memory')) throw error;
      debug(1, () => `${question.kernel}: ${name} does not run on ${device.description}: ${error.message}`);
    }
  return seconds;
}

/** Whether all differ by at most `allowed` of the largest magnitude expected. */
export function agrees(actual: ArrayLike<number>, expected: ArrayLike<number>, allowed: number): boolean {
  let [largest, worst] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= worst)) worst = difference;
  }
  return worst <= allowed * largest;
}

/** Zeros would take a GPU less power, and tell nothing of what it computes. */
function fillWithNoise(device: WebgpuDevice, operand: Operand, stream: number): void {
  const { dtype, shape } = operand;
  const noise = dtype === 'f32' ? operand : device.temporary('f32', [sizeOf(shape)]);
  device.kernels.randomUniform(noise, { seed: [1, 0], stream: [stream, 0] }, -1, 1);
  if (noise === operand) return;
  device.kernels.cast(noise, { ...operand, shape: [sizeOf(shape)] });
  device.free(noise.buffer);
}
