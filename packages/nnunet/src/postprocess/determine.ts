/**
 * Which postprocessing helps: tried on predictions whose truth is known, kept only where it raises the Dice
 * (`determine_postprocessing` of nnunetv2/postprocessing/remove_connected_components.py).
 */
import { allowedValues, type Labels } from '@voxelgrad/io';
import { type Region, regionName, scoredRegions } from '../evaluate/region.ts';
import type { Summary } from '../evaluate/summary.ts';
import type { KeepLargest } from './steps.ts';

export interface Determined {
  readonly steps: readonly KeepLargest[];
  /** Without and with the steps. */
  readonly before: Summary;
  readonly after: Summary;
}

/**
 * First the largest component of all foreground: taken if the mean Dice rises and no region's falls. Then, where several are scored, that of each label
 * or region in turn: taken if its own Dice rises. `evaluate` scores the predictions after the given steps.
 */
export async function determinePostprocessing(
  labels: Labels,
  evaluate: (steps: readonly KeepLargest[]) => Promise<Summary>,
): Promise<Determined> {
  const before = await evaluate([]);
  let steps: readonly KeepLargest[] = [];
  let best = before;
  const foreground = allowedValues(labels).filter((value) => value !== 0 && value !== labels.ignore);
  const whole = [{ labels: foreground }];
  const kept = await evaluate(whole);
  const worse = Object.keys(kept.mean).some((region) => kept.mean[region]!.Dice < best.mean[region]!.Dice);
  if (kept.foreground_mean.Dice > best.foreground_mean.Dice && !worse) [steps, best] = [whole, kept];

  const regions = scoredRegions(labels);
  if (regions.length > 1)
    for (const { region } of regions) {
      const tried = [...steps, { labels: region }];
      const result = await evaluate(tried);
      if (diceOf(result, region) > diceOf(best, region)) [steps, best] = [tried, result];
    }
  return { steps, before, after: best };
}

const diceOf = ({ mean }: Summary, region: Region): number => mean[regionName(region)]!.Dice;
