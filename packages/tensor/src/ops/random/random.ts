/**
 * Random tensors from a counter-based generator (Philox 4×32-10, Salmon et al. 2011): the numbers depend on the seed and on how many tensors were
 * drawn before, not on the device or the number of threads, to the last bit. The state is two numbers, so it can be saved and resumed.
 */
import type { Device } from '../../device/device.ts';
import { VoxelgradError } from '../../errors.ts';
import type { Shape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import { philox } from './philox.ts';
import type { RandomState } from './random.kernels.ts';

const words = (value: number): readonly [number, number] => [value >>> 0, Math.floor(value / 2 ** 32) >>> 0];

/** Draws random tensors: the same ones for the same seed, on every device. */
export class RandomGenerator {
  readonly seed: number;
  /** Tensors drawn so far. */
  drawn: number;

  /** `seed` and `drawn` are whole numbers from 0 to 2⁵³ − 1. */
  constructor(seed: number, drawn = 0) {
    if (![seed, drawn].every((value) => Number.isSafeInteger(value) && value >= 0))
      throw new VoxelgradError('option', {
        what: 'seed',
        expected: 'a whole number from 0 to 2⁵³ − 1',
        got: String(seed),
      });
    this.seed = seed;
    this.drawn = drawn;
  }

  /** The state for one draw. Each tensor has a stream of its own; in a captured step, another one in each replay. */
  #next({ recording }: Device): RandomState {
    const next = (): readonly [number, number] => words(this.drawn++);
    const stream = recording === undefined ? next() : (recording.changing(2, next) as [number, number]);
    return { seed: words(this.seed), stream };
  }

  /** f32 in [low, high). */
  uniform(shape: Shape, device: Device, low = 0, high = 1): Tensor {
    const out = Tensor.empty(device, 'f32', shape);
    device.kernels.randomUniform(out, this.#next(device), low, high);
    return out;
  }

  /** f32, Gaussian. */
  normal(shape: Shape, device: Device, mean = 0, deviation = 1): Tensor {
    const out = Tensor.empty(device, 'f32', shape);
    device.kernels.randomNormal(out, this.#next(device), mean, deviation);
    return out;
  }

  /** 0 … count − 1 in random order, i32 (Fisher–Yates). Shuffled on the host, so that it is the same on every device. */
  permutation(count: number, device: Device): Tensor {
    const [seed, stream] = [words(this.seed), words(this.drawn++)];
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const words = philox([i >>> 2, 0, stream[0], stream[1]], seed);
      const j = Math.floor((words[i & 3]! / 2 ** 32) * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const out = Tensor.empty(device, 'i32', [count]);
    device.write(out, order);
    return out;
  }
}
