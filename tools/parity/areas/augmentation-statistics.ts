/** What is drawn at random: the distributions must be the official ones, the numbers cannot be. And the tables of patch sizes. */
import { drawMultipliers, gaussianNoise, HostRandom, initialSize2d, initialSize3d } from '@voxelgrad/augment';
import { type Device, fromArray, RandomGenerator, type Triple, tidy, zeros } from '@voxelgrad/tensor';
import type { ParityCase } from '../cases.ts';
import type { Comparison } from '../compare.ts';

interface NoiseRow {
  readonly noise_parameter: number;
  readonly mean: number;
  readonly std: number;
  readonly channel_corr: number;
  readonly p01: number;
  readonly p99: number;
}

interface MultiplierRow {
  readonly mean: number;
  readonly std: number;
  readonly frac_below_1: number;
}

const meanOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

function deviationOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(Array.from(values, (value) => (value - mean) ** 2)));
}

export async function checkStatistics(entry: ParityCase, device: Device, comparison: Comparison): Promise<void> {
  const { noise, ...multipliers } = entry.attrs as { noise: NoiseRow[] } & Record<string, MultiplierRow>;
  const rtol = entry.tolerance.rel!;
  for (const row of noise as NoiseRow[]) await checkNoise(row, rtol, device, comparison);
  const ranges: Record<string, readonly [number, number]> = {
    bgcontrast_075_125: [0.75, 1.25],
    bgcontrast_07_15: [0.7, 1.5],
  };
  for (const [name, expected] of Object.entries(multipliers as Record<string, MultiplierRow>)) {
    const random = new HostRandom(1);
    const settings = { range: ranges[name]!, distribution: 'around one', synchronizeChannels: false } as const;
    const drawn = drawMultipliers(random, 200_000, settings);
    const below = drawn.filter((value) => value < 1).length / drawn.length;
    comparison.values(
      name,
      [meanOf(drawn), deviationOf(drawn), below],
      [expected.mean, expected.std, expected.frac_below_1],
      { rtol, atol: 0 },
    );
  }
}

/** Values of two channels; a mean or a correlation of zero is compared in units of what it is measured on. */
async function checkNoise(row: NoiseRow, rtol: number, device: Device, comparison: Comparison): Promise<void> {
  const size: Triple = [32, 64, 64];
  const deviation = row.noise_parameter;
  const transform = gaussianNoise({ probability: 1, deviation: [deviation, deviation], synchronizeChannels: false });
  const step = transform.draw(new HostRandom(1), { samples: 1, size, channels: 2 })!;
  const image = tidy(
    () =>
      step(
        {
          image: zeros([1, ...size, 2], { device }),
          label: fromArray(new Int32Array(32 * 4096), [1, ...size], { device }),
        },
        new RandomGenerator(1),
      ).image,
  );
  const values = await image.data();
  image.dispose();
  const [first, second] = [0, 1].map((c) => Array.from(values).filter((_, i) => i % 2 === c)) as [number[], number[]];
  const sorted = Array.from(values).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const what = `noise of ${deviation}`;
  const [spread, official] = [deviationOf(values), row.std];
  comparison.values(what, [spread, at(0.01), at(0.99)], [official, row.p01, row.p99], { rtol, atol: 0 });
  comparison.values(`${what}: mean`, [meanOf(values)], [row.mean], { rtol: 0, atol: rtol * official });
  const product = meanOf(first.map((value, i) => value * second[i]!)) / (deviationOf(first) * deviationOf(second));
  comparison.values(`${what}: channels`, [product], [row.channel_corr], { rtol: 0, atol: rtol });
}

export function checkInitialPatchSize(entry: ParityCase, comparison: Comparison): void {
  const { table } = entry.attrs as { table: { patch_size: number[]; rot_deg: number; initial: number[] }[] };
  for (const { patch_size: patch, rot_deg, initial } of table) {
    const rotation = (rot_deg * Math.PI) / 180;
    const size =
      patch.length === 3
        ? initialSize3d(patch as unknown as Triple, rotation)
        : initialSize2d(patch[0]!, patch[1]!, rotation);
    comparison.values(`initial size for ${patch}`, size, initial);
  }
}
