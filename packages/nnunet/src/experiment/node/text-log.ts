/**
 * `training_log_2026_11_23_09_05_00.txt`: what happens in a fold, a line each, in the words of nnU-Net's trainer (`print_to_log_file`), so that what
 * reads its logs reads these. Every start of a run has a log of its own.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EpochRecord, TrainingHistory } from '../../train/history.ts';

export class TextLog {
  readonly path: string;
  readonly #now: () => Date;

  private constructor(path: string, now: () => Date) {
    this.path = path;
    this.#now = now;
  }

  static async start(folder: string, now: () => Date = () => new Date()): Promise<TextLog> {
    await mkdir(folder, { recursive: true });
    const date = now();
    const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits);
    const name = ['training_log', date.getFullYear(), date.getMonth() + 1, date.getDate(), ...clock].join('_');
    return new TextLog(join(folder, `${name}.txt`), now);
  }

  async write(...lines: readonly string[]): Promise<void> {
    const stamp = timestamp(this.#now());
    await appendFile(this.path, lines.map((line) => `${stamp}: ${line} \n`).join(''));
  }

  /** `best`: the moving pseudo Dice of this epoch is the best so far. */
  epoch(record: EpochRecord, best: boolean, { epochs, bestMovingDice }: TrainingHistory): Promise<void> {
    const { trainingLoss, validationLoss, pseudoDice, learningRate, seconds } = record;
    const dice = pseudoDice.map((value) => number(value ?? Number.NaN, 4));
    return this.write(
      '',
      `Epoch ${epochs.length - 1}`,
      `Current learning rate: ${number(learningRate, 5)}`,
      `train_loss ${number(trainingLoss, 4)}`,
      `val_loss ${number(validationLoss ?? Number.NaN, 4)}`,
      `Pseudo dice [${dice.join(', ')}]`,
      `Epoch time: ${number(seconds, 2)} s`,
      ...(best ? [`Yayy! New best EMA pseudo Dice: ${number(bestMovingDice ?? Number.NaN, 4)}`] : []),
    );
  }
}

/** As Python prints a rounded float: 0.5, 1.0, nan. */
function number(value: number, decimals: number): string {
  if (Number.isNaN(value)) return 'nan';
  const text = String(Number(value.toFixed(decimals)));
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-23 09:05:00.123000`, in local time. */
function timestamp(date: Date): string {
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${day} ${clock}.${String(date.getMilliseconds()).padStart(3, '0')}000`;
}
