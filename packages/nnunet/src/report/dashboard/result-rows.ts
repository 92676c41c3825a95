/** The result of a training: mean Dice of each class over the held-out cases, and of all of them. */
import { regionName, type ScoredRegion } from '../../evaluate/region.ts';
import type { Summary } from '../../evaluate/summary.ts';
import type { RunEnd } from './messages.ts';

export const resultRows = ({ mean, foreground_mean }: Summary, regions: readonly ScoredRegion[]): RunEnd['dice'] => [
  ...regions.map(({ name, region }) => ({ name, dice: mean[regionName(region)]!.Dice })),
  { name: 'mean', dice: foreground_mean.Dice },
];
