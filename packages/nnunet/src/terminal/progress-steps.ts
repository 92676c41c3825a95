/** Work of several steps, each with a bar of its own, which begins at the step's first case: how many there are is known then. */
import { Progress, type TerminalStream } from './progress.ts';

export class ProgressSteps {
  readonly #stream: TerminalStream;
  #label = '';
  #bar: Progress | undefined;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  /** Ends the step before. */
  step(label: string): void {
    this.finish();
    this.#label = label;
  }

  /** One case of the step's is done. */
  advance(name: string, total: number): void {
    this.#bar ??= new Progress({ total, label: this.#label, unit: 'case', stream: this.#stream });
    this.#bar.advance(1, name);
  }

  finish(): void {
    this.#bar?.finish();
    this.#bar = undefined;
  }
}
