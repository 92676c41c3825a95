/** How multipliers of intensities are drawn. */
import type { HostRandom } from '../random/host-random.ts';

export type Range = readonly [number, number];

export interface MultiplierSettings {
  readonly range: Range;
  /**
   * 'around one' (nnU-Net's BGContrast): below 1 in half of the cases, above in the other half, uniform in each; 'uniform' over the whole range.
   */
  readonly distribution: 'around one' | 'uniform';
  /** All channels of a sample get the same value. */
  readonly synchronizeChannels: boolean;
}

/** One multiplier for each channel of a sample. */
export function drawMultipliers(random: HostRandom, channels: number, settings: MultiplierSettings): number[] {
  const first = drawMultiplier(random, settings);
  return Array.from({ length: channels }, (_, channel) =>
    channel === 0 || settings.synchronizeChannels ? first : drawMultiplier(random, settings),
  );
}

function drawMultiplier(random: HostRandom, { range: [low, high], distribution }: MultiplierSettings): number {
  if (distribution === 'uniform') return random.uniform(low, high);
  return random.chance(0.5) && low < 1 ? random.uniform(low, 1) : random.uniform(Math.max(low, 1), high);
}
