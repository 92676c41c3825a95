/** The losses of all iterations as a curve of bounded length: neighbours are averaged, twice as many whenever there are too many points. */

export class LossTrace {
  readonly points: number[];
  #perPoint: number;
  readonly #limit: number;
  #pending: number[] = [];

  /** Goes on from `points`, means of `perPoint` losses each. */
  constructor(points: readonly number[] = [], perPoint = 1, limit = 1000) {
    this.points = [...points];
    this.#perPoint = perPoint;
    this.#limit = limit;
  }

  /** Iterations that a point stands for. */
  get perPoint(): number {
    return this.#perPoint;
  }

  /** Losses that are not yet a point. */
  get pending(): readonly number[] {
    return this.#pending;
  }

  add(losses: readonly number[]): void {
    for (const loss of losses) {
      this.#pending.push(loss);
      if (this.#pending.length < this.#perPoint) continue;
      this.points.push(mean(this.#pending));
      this.#pending = [];
      if (this.points.length >= this.#limit) this.#halve();
    }
  }

  #halve(): void {
    const pairs = Math.floor(this.points.length / 2);
    const odd = this.points.length % 2 === 1 ? this.points.at(-1)! : undefined;
    for (let i = 0; i < pairs; i++) this.points[i] = mean([this.points[2 * i]!, this.points[2 * i + 1]!]);
    this.points.length = pairs;
    // Half a point: as if its losses had just come.
    if (odd !== undefined) this.#pending = new Array<number>(this.#perPoint).fill(odd);
    this.#perPoint *= 2;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
