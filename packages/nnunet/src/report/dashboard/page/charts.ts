/** The four charts of a run: losses, pseudo Dice, learning rate, time. */
import { meanDice, movingAverages } from '../../../train/history.ts';
import type { LossTrace } from '../loss-trace.ts';
import type { RunState } from '../messages.ts';
import { Chart, type ChartCurve, type ChartSettings } from './chart.ts';
import { Cursor } from './cursor.ts';
import { classStyle, styles } from './curve-style.ts';
import { decimal, duration, small } from './words.ts';

export class Charts {
  readonly #losses: Chart;
  readonly #dice: Chart;
  readonly #rate: Chart;
  readonly #time: Chart;

  constructor(place: HTMLElement, { lossName }: RunState) {
    const cursor = new Cursor();
    const chart = (settings: ChartSettings): Chart => {
      const made = new Chart(settings, cursor);
      place.append(made.element);
      return made;
    };
    place.replaceChildren();
    this.#losses = chart({
      title: 'Loss',
      explanation:
        'How far the network is from the truth; lower is better. Training goes on falling; when validation rises again, the network learns by heart.',
      unit: lossName,
      format: decimal,
      empty: 'comes with the first iteration',
    });
    this.#dice = chart({
      title: 'Pseudo Dice',
      explanation:
        'Overlap with the truth on patches of validation cases: 0 none, 1 perfect. The moving average decides which weights are kept as the best. An estimate: the final Dice is that of whole cases.',
      unit: 'Dice',
      format: decimal,
      range: [0, 1],
      empty: 'comes after the first epoch',
    });
    this.#rate = chart({
      title: 'Learning rate',
      explanation: 'How large the steps are in which the network changes. It follows the schedule of the run.',
      unit: 'learning rate',
      format: small,
      fromZero: true,
      empty: 'comes after the first epoch',
    });
    this.#time = chart({
      title: 'Time of an epoch',
      explanation: 'With its validation. A sudden rise means that something else keeps the machine busy.',
      unit: 'seconds',
      format: duration,
      fromZero: true,
      empty: 'comes after the first epoch',
    });
  }

  update({ records, classes, iterationsPerEpoch }: RunState, trace: LossTrace): void {
    const curve = (
      name: string,
      style: ChartCurve['style'],
      values: readonly (number | null | undefined)[],
    ): ChartCurve => ({
      name,
      style,
      points: values.map((value, epoch) => [epoch + 1, value ?? Number.NaN] as const),
    });
    const means = records.map(({ pseudoDice }) => meanDice(pseudoDice));
    const perPoint = trace.perPoint / iterationsPerEpoch;
    const iterations = {
      name: 'training, as it goes',
      style: styles.iterations,
      points: trace.points.map((loss, i) => [(i + 1) * perPoint, loss] as const),
    };
    const validation = records.map(({ validationLoss }) => validationLoss);
    this.#losses.update(
      [
        curve(
          'training',
          styles.training,
          records.map(({ trainingLoss }) => trainingLoss),
        ),
        ...(hasValues(validation) ? [curve('validation', styles.validation, validation)] : []),
        iterations,
      ],
      records.length,
    );
    this.#dice.update(
      hasValues(means)
        ? [
            curve('moving average', styles.moving, movingAverages(means)),
            ...(classes.length > 1 ? [curve('mean of the classes', styles.mean, means)] : []),
            ...classes.map((name, i) =>
              curve(
                name,
                classStyle(i),
                records.map(({ pseudoDice }) => pseudoDice[i]),
              ),
            ),
          ]
        : [],
      records.length,
    );
    this.#rate.update(
      [
        curve(
          'learning rate',
          styles.training,
          records.map(({ learningRate }) => learningRate),
        ),
      ],
      records.length,
    );
    this.#time.update(
      [
        curve(
          'epoch',
          styles.training,
          records.map(({ seconds }) => seconds),
        ),
      ],
      records.length,
    );
  }
}

const hasValues = (values: readonly (number | null | undefined)[]): boolean =>
  values.some((value) => value !== null && value !== undefined && Number.isFinite(value));
