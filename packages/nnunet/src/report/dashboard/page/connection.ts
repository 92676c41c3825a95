/** What the server tells, and whether it still does. A tab in the background listens to nothing; seen again it gets the whole state anew. */
import type { Events } from '../messages.ts';

export type Handlers = { readonly [Name in keyof Events]: (data: Events[Name]) => void };

export class Connection {
  readonly #handlers: Handlers;
  readonly #onState: (isConnected: boolean) => void;
  #source: EventSource | undefined;
  #isOver = false;

  constructor(handlers: Handlers, onState: (isConnected: boolean) => void) {
    this.#handlers = handlers;
    this.#onState = onState;
    document.addEventListener('visibilitychange', () => this.#follow());
    this.#follow();
  }

  #follow(): void {
    if (document.hidden) this.#stop();
    else if (this.#source === undefined && !this.#isOver) this.#listen();
  }

  #listen(): void {
    const source = new EventSource('events');
    this.#source = source;
    source.addEventListener('open', () => this.#onState(true));
    source.addEventListener('error', () => {
      this.#onState(false);
      // The browser tries again by itself, but for answers that are no stream of events.
      if (source.readyState !== EventSource.CLOSED) return;
      this.#stop();
      setTimeout(() => this.#follow(), 3000);
    });
    const on = <Name extends keyof Events>(name: Name): void =>
      source.addEventListener(name, ({ data }: MessageEvent<string>) =>
        this.#handlers[name](JSON.parse(data) as Events[Name]),
      );
    for (const name of Object.keys(this.#handlers) as (keyof Events)[]) on(name);
    source.addEventListener('end', () => {
      this.#isOver = true;
      this.#stop();
    });
  }

  #stop(): void {
    this.#source?.close();
    this.#source = undefined;
  }
}
