/**
 * How far thresholds get on the phantom data set: the floor under any figure that a network reaches on it.
 *
 * For each BraTS region, the best rule "channel A over or under a, and channel B over or under b" is searched over all channels, directions
 * and thresholds on training cases (z-scored in the brain, by global Dice), and scored on held-out cases (mean Dice over cases). Done
 * twice: on the voxels as they are, and on a 3×3×3 mean of them, which takes most of the noise away.
 *
 * Run: npx tsx bench/phantom-threshold.ts [training cases] [held-out cases]
 */
import { bratsLabels, labelsToRegions, makePhantomCase, nonzeroMask, zScore } from '@voxelgrad/io';

const [training = 12, heldOut = 8] = process.argv.slice(2).map(Number);
const seed = 1;
const regions = bratsLabels('1,2,3').classes;

/** Thresholds tried: from −3 to 4 standard deviations. */
const bins = 56;
const binOf = (value: number): number => Math.max(0, Math.min(bins - 1, Math.floor(((value + 3) / 7) * bins)));

interface Prepared {
  /** Bin of each voxel inside the brain, by channel. */
  readonly channels: readonly Uint8Array[];
  /** One byte a voxel and region. */
  readonly truth: Uint8Array;
}

interface Rule {
  readonly channels: readonly [number, number];
  /** True: bins from the threshold on. False: bins below it. */
  readonly over: readonly [boolean, boolean];
  readonly thresholds: readonly [number, number];
}

const names = ['t1n', 't1c', 't2w', 't2f'] as const;

function prepare(index: number, smooth: boolean): Prepared {
  const { images, label } = makePhantomCase(index, { seed });
  const shape = label.shape as [number, number, number];
  const volumes = names.map((name) => Float32Array.from(images[name].data));
  const mask = nonzeroMask(volumes, shape);
  const inside = [...mask.keys()].filter((i) => mask[i] !== 0);
  const channels = volumes.map((volume) => {
    const normalised = zScore(smooth ? mean3(volume, shape) : volume, mask);
    return Uint8Array.from(inside, (i) => binOf(normalised[i]!));
  });
  return {
    channels,
    truth: labelsToRegions(
      Uint8Array.from(inside, (i) => label.data[i]!),
      regions,
    ),
  };
}

/** Mean over 3×3×3 voxels, one axis after the other. */
function mean3(volume: Float32Array, shape: readonly [number, number, number]): Float32Array {
  let from = volume;
  for (const stride of [1, shape[2], shape[1] * shape[2]]) {
    const to = from.slice();
    for (let i = stride; i < to.length - stride; i++) to[i] = (from[i - stride]! + from[i]! + from[i + stride]!) / 3;
    from = to;
  }
  return from;
}

/** Counts over (bin of A, bin of B), summed so that [a, b] holds all voxels with bins below a and below b. */
function cumulative(
  cases: readonly Prepared[],
  a: number,
  b: number,
  counts: (item: Prepared, voxel: number) => number,
): Float64Array {
  const side = bins + 1;
  const table = new Float64Array(side * side);
  for (const item of cases)
    for (let i = 0; i < item.channels[a]!.length; i++)
      table[(item.channels[a]![i]! + 1) * side + item.channels[b]![i]! + 1]! += counts(item, i);
  for (let i = 1; i < side; i++)
    for (let j = 1; j < side; j++)
      table[i * side + j]! += table[(i - 1) * side + j]! + table[i * side + j - 1]! - table[(i - 1) * side + j - 1]!;
  return table;
}

/** Voxels that a rule selects, from a cumulative table. */
function selected(table: Float64Array, { over, thresholds: [s, t] }: Omit<Rule, 'channels'>): number {
  const side = bins + 1;
  const below = (i: number, j: number) => table[i * side + j]!;
  const [i0, i1] = over[0] ? [s, bins] : [0, s];
  const [j0, j1] = over[1] ? [t, bins] : [0, t];
  return below(i1, j1) - below(i0, j1) - below(i1, j0) + below(i0, j0);
}

function bestRule(cases: readonly Prepared[], region: number): Rule {
  let best: { dice: number; rule: Rule } | undefined;
  for (let a = 0; a < names.length; a++)
    for (let b = a + 1; b < names.length; b++) {
      const all = cumulative(cases, a, b, () => 1);
      const hit = cumulative(cases, a, b, ({ truth }, i) => truth[i * regions.length + region]!);
      const total = hit[hit.length - 1]!;
      for (const over of [
        [true, true],
        [true, false],
        [false, true],
        [false, false],
      ] as const)
        for (let s = 0; s <= bins; s++)
          for (let t = 0; t <= bins; t++) {
            const rule: Rule = { channels: [a, b], over, thresholds: [s, t] };
            const dice = (2 * selected(hit, rule)) / (selected(all, rule) + total);
            if (best === undefined || dice > best.dice) best = { dice, rule };
          }
    }
  return best!.rule;
}

/** Undefined where neither the rule nor the truth has a voxel. */
function diceOf(
  { channels, truth }: Prepared,
  { channels: [a, b], over, thresholds: [s, t] }: Rule,
  region: number,
): number | undefined {
  let [both, predicted, real] = [0, 0, 0];
  for (let i = 0; i < channels[a]!.length; i++) {
    const chosen = channels[a]![i]! >= s === over[0] && channels[b]![i]! >= t === over[1] ? 1 : 0;
    const isRegion = truth[i * regions.length + region]!;
    both += chosen & isRegion;
    predicted += chosen;
    real += isRegion;
  }
  return predicted + real === 0 ? undefined : (2 * both) / (predicted + real);
}

for (const smooth of [false, true]) {
  const cases = Array.from({ length: training + heldOut }, (_, i) => prepare(i, smooth));
  const scores = regions.map(({ name }, region) => {
    const rule = bestRule(cases.slice(0, training), region);
    const dices = cases
      .slice(training)
      .map((item) => diceOf(item, rule, region))
      .filter((value) => value !== undefined);
    const mean = dices.reduce((sum, value) => sum + value, 0) / dices.length;
    const words = rule.channels.map(
      (c, i) => `${names[c]} ${rule.over[i] ? '≥' : '<'} ${((rule.thresholds[i]! / bins) * 7 - 3).toFixed(2)}`,
    );
    console.log(
      `${smooth ? '3×3×3 mean' : 'voxels    '}  ${name.padEnd(16)} Dice ${mean.toFixed(3)}   ${words.join(' and ')}`,
    );
    return mean;
  });
  console.log(
    `${smooth ? '3×3×3 mean' : 'voxels    '}  mean of regions  Dice ${(scores.reduce((sum, value) => sum + value, 0) / scores.length).toFixed(3)}\n`,
  );
}
