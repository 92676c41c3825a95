/** What a run has been through: losses of all iterations, and a record of each epoch. Saved with every checkpoint. */

export interface EpochRecord {
  /** Mean training loss of the epoch. */
  readonly trainingLoss: number;
  /** Mean loss over the validation patches; absent without validation. */
  readonly validationLoss?: number;
  /** Pseudo Dice of each class; NaN is stored as null. */
  readonly pseudoDice: readonly (number | null)[];
  readonly learningRate: number;
  readonly seconds: number;
}

export interface TrainingHistory {
  readonly losses: number[];
  readonly epochs: EpochRecord[];
  /** Moving average of the mean pseudo Dice, 0.9 · old + 0.1 · new; null before the first epoch. */
  movingDice: number | null;
  bestMovingDice: number | null;
  /** Epochs since the moving average was best. */
  epochsSinceBest: number;
  /** Seconds that the epoch in work has taken so far; 0 between epochs. */
  begunSeconds?: number;
}

export const emptyHistory = (): TrainingHistory => ({
  losses: [],
  epochs: [],
  movingDice: null,
  bestMovingDice: null,
  epochsSinceBest: 0,
});

/** The mean over the classes that have a Dice; null where none has. */
export function meanDice(dice: readonly (number | null)[]): number | null {
  const known = dice.filter((value): value is number => value !== null && !Number.isNaN(value));
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** nnU-Net's exponential moving average of the mean pseudo Dice. */
export const movingAverage = (before: number | null, mean: number): number =>
  before === null ? mean : 0.9 * before + 0.1 * mean;

/** The moving average as it stood after each epoch; NaN before the first mean. */
export function movingAverages(means: readonly (number | null)[]): number[] {
  let moving: number | null = null;
  return means.map((mean) => {
    if (mean !== null) moving = movingAverage(moving, mean);
    return moving ?? Number.NaN;
  });
}

/** Adds an epoch. True if the moving average is the best so far. */
export function addEpoch(history: TrainingHistory, record: EpochRecord): boolean {
  history.epochs.push(record);
  history.begunSeconds = 0;
  const mean = meanDice(record.pseudoDice);
  if (mean === null) return false;
  history.movingDice = movingAverage(history.movingDice, mean);
  const best = history.bestMovingDice === null || history.movingDice > history.bestMovingDice;
  history.bestMovingDice = best ? history.movingDice : history.bestMovingDice;
  history.epochsSinceBest = best ? 0 : history.epochsSinceBest + 1;
  return best;
}
