/**
 * Ctrl-C, and the SIGTERM that a scheduler sends before it kills: the first asks to stop at a good place (end of the step, checkpoint written), the
 * second quits at once.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

export interface Interruption {
  /** Aborts on the first request to stop; its reason is the error 'interrupted'. */
  readonly signal: AbortSignal;
  /** 130 after Ctrl-C, 143 after SIGTERM, as shells have it; undefined before. */
  readonly exitCode: number | undefined;
  /** Gives the signals back to Node. */
  release(): void;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Milliseconds in which a signal is the first one's echo: launchers (npx, tsx) pass on what the whole group, as of a scheduler's step, has had already. */
const echo = 500;

type StopSignal = keyof typeof exitCodes;

/** Listens until `release`. */
export function onInterrupt(): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let first = 0;
  const stop = (name: StopSignal): void => {
    if (exitCode !== undefined) {
      if (performance.now() - first > echo) process.exit(exitCodes[name]);
      return;
    }
    first = performance.now();
    exitCode = exitCodes[name];
    process.stderr.write('\nstopping at the next good place; press Ctrl-C again to quit at once\n');
    controller.abort(new VoxelgradError('interrupted', { what: `interrupted by ${name}` }));
  };
  const names = Object.keys(exitCodes) as StopSignal[];
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
