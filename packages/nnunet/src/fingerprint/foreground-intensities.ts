/**
 * The intensities inside any foreground label, sampled as nnU-Net samples them (`collect_foreground_intensities`: as many voxels of each case, with
 * replacement, by NumPy's RandomState(1234)), so that percentiles are its own to the digit. A hundred million samples are not kept: each case becomes
 * its distinct values and how often each was drawn.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { NumpyRandomState } from '../splits/numpy-random.ts';
import type { IntensityProperties } from './fingerprint.ts';

/** Samples of all cases together. */
const samplesInAll = 10e7;
const seed = 1234;

export const samplesPerCase = (cases: number): number => Math.floor(samplesInAll / cases);

/** Values in ascending order, each once, and how often it was drawn. */
export interface Intensities {
  readonly values: Float32Array;
  readonly counts: Uint32Array;
}

/** Of each channel. All arrays have one length, all values are finite. */
export function sampleForeground(
  channels: readonly Float32Array[],
  segmentation: Int16Array,
  samples: number,
): Intensities[] {
  const foreground: number[] = [];
  for (let i = 0; i < segmentation.length; i++) if (segmentation[i]! > 0) foreground.push(i);
  const bits = new Bits();
  return channels.map((channel) => {
    const values = Float32Array.from(foreground, (voxel) => channel[voxel]!);
    if (values.length === 0) return { values, counts: new Uint32Array() };
    const counts = new Uint32Array(values.length);
    bits.drawWithReplacement(counts, samples);
    return distinct(values, counts);
  });
}

/** Every case begins with the same random bits: those that are asked for again and again are kept, 16 MB of them. */
const mostKept = 2 ** 22;
const blockLength = 2 ** 14;
let kept: { readonly bits: Uint32Array; readonly random: NumpyRandomState; length: number } | undefined;

/** The bits from the seed on, a block at a time. */
class Bits {
  #random: NumpyRandomState | undefined;
  #passed = 0;
  #block: Uint32Array = new Uint32Array();
  #next = 0;

  /** Counts in `counts` how often each of its places is drawn in `samples` draws: `RandomState.choice(…, replace=True)`. */
  drawWithReplacement(counts: Uint32Array, samples: number): void {
    const largest = counts.length - 1;
    if (largest === 0) {
      counts[0] = samples;
      return;
    }
    const mask = 0xffffffff >>> Math.clz32(largest);
    // Places above the largest are drawn too, and do not count: a branch that is taken by chance costs more than what it saves.
    const drawn = new Uint32Array(mask + 1);
    for (let left = samples; left > 0; ) {
      if (this.#next === this.#block.length) this.#take();
      const block = this.#block;
      const end = Math.min(block.length, this.#next + left);
      for (let i = this.#next; i < end; i++) {
        const index = block[i]! & mask;
        drawn[index]!++;
        left -= (index - largest - 1) >>> 31;
      }
      this.#next = end;
    }
    counts.set(drawn.subarray(0, counts.length));
  }

  #take(): void {
    const [begin, end] = [this.#passed, this.#passed + blockLength];
    this.#passed = end;
    this.#next = 0;
    if (end <= mostKept) {
      this.#block = keptBits(begin, end);
      return;
    }
    this.#random ??= afterKept();
    this.#block = new Uint32Array(blockLength);
    this.#random.fill(this.#block);
  }
}

function keptBits(begin: number, end: number): Uint32Array {
  kept ??= { bits: new Uint32Array(mostKept), random: new NumpyRandomState(seed), length: 0 };
  if (end > kept.length) {
    kept.random.fill(kept.bits.subarray(kept.length, end));
    kept.length = end;
  }
  return kept.bits.subarray(begin, end);
}

function afterKept(): NumpyRandomState {
  const random = new NumpyRandomState(seed);
  random.fill(new Uint32Array(mostKept));
  return random;
}

/** Joins equal values; those that were not drawn are left out. */
function distinct(values: Float32Array, counts: Uint32Array): Intensities {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const joined = { values: new Float32Array(values.length), counts: new Uint32Array(values.length) };
  let last = -1;
  for (const i of order) {
    if (counts[i] === 0) continue;
    if (last < 0 || joined.values[last] !== values[i]) joined.values[++last] = values[i]!;
    joined.counts[last]! += counts[i]!;
  }
  return { values: joined.values.slice(0, last + 1), counts: joined.counts.slice(0, last + 1) };
}

/** The intensities of several cases as one. */
export function joinIntensities(parts: readonly Intensities[]): Intensities {
  const length = parts.reduce((sum, { values }) => sum + values.length, 0);
  const joined = { values: new Float32Array(length), counts: new Uint32Array(length) };
  let next = 0;
  for (const { values, counts } of parts) {
    joined.values.set(values, next);
    joined.counts.set(counts, next);
    next += values.length;
  }
  return distinct(joined.values, joined.counts);
}

/**
 * Percentiles as NumPy has them. Mean and standard deviation are exact, where the official code's sums are single precision and so differ by some 1e-7.
 * Throws 'dataset' where there is no foreground at all.
 */
export function intensityProperties({ values, counts }: Intensities, what: string): IntensityProperties {
  if (values.length === 0)
    throw new VoxelgradError('dataset', {
      what,
      expected: 'foreground in at least one case',
      got: 'none',
      help: 'check the labels: every segmentation is empty',
    });
  let [total, sum] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    total += counts[i]!;
    sum += counts[i]! * values[i]!;
  }
  const mean = sum / total;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += counts[i]! * (values[i]! - mean) ** 2;
  return {
    max: values.at(-1)!,
    mean,
    median: percentileOfCounts(values, counts, total, 50),
    min: values[0]!,
    percentile_00_5: percentileOfCounts(values, counts, total, 0.5),
    percentile_99_5: percentileOfCounts(values, counts, total, 99.5),
    std: Math.sqrt(squares / total),
  };
}

/** `numpy.percentile` of the values, each as often as it was counted. */
function percentileOfCounts(values: Float32Array, counts: Uint32Array, total: number, percent: number): number {
  const position = (total - 1) * (percent / 100);
  const below = Math.floor(position);
  let i = 0;
  let end = counts[0]!;
  while (end <= below) end += counts[++i]!;
  const low = values[i]!;
  const high = end > below + 1 ? low : (values[i + 1] ?? low);
  const share = position - below;
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}
