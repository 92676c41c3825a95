/**
 * A progress bar on stderr: how far, how fast, how long still, and what the caller wants to tell (loss, Dice). Where stderr is not a terminal – in a log
 * file, under a scheduler – it writes a plain line now and then instead.
 */

/** What of a stream the bar needs: `process.stderr` has it. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** Steps in all. */
  readonly total: number;
  /** Of those, done before: they count in the bar, not in the rate. */
  readonly done?: number;
  /** Stands before the bar: 'epoch 3/50'. */
  readonly label: string;
  /** What a step is, in the singular. */
  readonly unit?: string;
  readonly stream?: TerminalStream;
  /** Seconds between lines where stderr is not a terminal. */
  readonly plainInterval?: number;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

const redrawMilliseconds = 100;
/** The rate is that of the last so many milliseconds: long enough to be steady, short enough to follow. */
const rateWindow = 20_000;
const barWidth = 28;

export class Progress {
  readonly #total: number;
  readonly #label: string;
  readonly #unit: string;
  readonly #stream: TerminalStream;
  readonly #plainInterval: number;
  readonly #now: () => number;
  readonly #samples: { readonly time: number; readonly done: number }[];
  #done: number;
  #note = '';
  #shownAt: number;
  #finished = false;
  #plainLine = '';

  constructor(options: ProgressOptions) {
    this.#total = options.total;
    this.#done = options.done ?? 0;
    this.#label = options.label;
    this.#unit = options.unit ?? 'step';
    this.#stream = options.stream ?? process.stderr;
    this.#plainInterval = (options.plainInterval ?? 60) * 1000;
    this.#now = options.now ?? (() => performance.now());
    this.#samples = [{ time: this.#now(), done: this.#done }];
    this.#shownAt = this.#now();
    if (this.#onTerminal) this.#show();
  }

  /** Counts `steps` more, or none where only the `note` is new, which replaces what is told behind the numbers. */
  advance(steps = 1, note?: string): void {
    if (this.#finished) return;
    this.#done += steps;
    if (note !== undefined) this.#note = note;
    const time = this.#now();
    if (steps > 0) {
      this.#samples.push({ time, done: this.#done });
      while (this.#samples.length > 2 && time - this.#samples[0]!.time > rateWindow) this.#samples.shift();
    }
    if (time - this.#shownAt >= (this.#onTerminal ? redrawMilliseconds : this.#plainInterval)) this.#show();
  }

  /** Prints a line that stays, above the bar. */
  log(line: string): void {
    this.#stream.write(this.#onTerminal ? `\r\x1b[K${line}\n` : `${line}\n`);
    if (this.#onTerminal && !this.#finished) this.#show();
  }

  /** Shows the last state and moves on to the next line. Further calls do nothing. */
  finish(note?: string): void {
    if (this.#finished) return;
    if (note !== undefined) this.#note = note;
    this.#show();
    this.#finished = true;
    if (this.#onTerminal) this.#stream.write('\n');
  }

  get #onTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  #show(): void {
    this.#shownAt = this.#now();
    if (this.#onTerminal) {
      // One column stays free: a full line would wrap on some terminals, and \r would come back to the wrong line.
      const width = (this.#stream.columns ?? 80) - 1;
      this.#stream.write(`\r\x1b[K${[...this.#line(true)].slice(0, width).join('')}`);
      return;
    }
    const line = this.#line(false);
    if (line !== this.#plainLine) this.#stream.write(`${line}\n`);
    this.#plainLine = line;
  }

  #line(withBar: boolean): string {
    const share = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 1;
    const filled = Math.floor(share * barWidth);
    const bar = withBar ? `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}` : '';
    const parts = [this.#label, bar, `${this.#done}/${this.#total}`, ...this.#timing(), this.#note];
    return parts.filter((part) => part !== '').join('  ');
  }

  /** Rate and time left, once there is something to go by. */
  #timing(): string[] {
    const [first, last] = [this.#samples[0]!, this.#samples.at(-1)!];
    const seconds = (last.time - first.time) / 1000;
    const steps = last.done - first.done;
    if (steps <= 0 || seconds <= 0) return [];
    const rate = steps / seconds;
    const rateText = rate >= 1 ? `${significant(rate)} ${this.#unit}s/s` : `${significant(1 / rate)} s/${this.#unit}`;
    const left = (this.#total - this.#done) / rate;
    return left > 0 ? [rateText, `${formatDuration(left)} left`] : [rateText];
  }
}

const significant = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value.toPrecision(2).replace(/\.0$/, '');

/** 42 → '0:42', 3723 → '1:02:03', more than a day → '2 d 3 h'. Seconds are rounded. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
