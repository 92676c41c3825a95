/**
 * Runs a command and turns whatever comes of it into what a shell expects: an exit code, and for errors that a user can act on one `error:` line and one
 * `help:` line instead of a stack.
 */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { onInterrupt } from './interrupt.ts';
import { HelpRequest } from './options.ts';

/**
 * Runs `main` and ends the process: 0 when it returns, 1 when it throws, 130 (143) when Ctrl-C (SIGTERM) stopped it. `main` should end early, having
 * saved what is worth saving, once its signal aborts.
 */
export async function runCommand(main: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = onInterrupt();
  // `voxelgrad … | head` closes the pipe: nobody is left to write to.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.on('uncaughtException', (error) => quit(describeFailure(error), 1));
  try {
    await main(interruption.signal);
    process.exitCode = interruption.exitCode ?? 0;
  } catch (error) {
    if (error instanceof HelpRequest) process.stdout.write(error.text);
    else quit(describeFailure(error), interruption.exitCode ?? (isVoxelgradError(error, 'interrupted') ? 130 : 1));
  } finally {
    interruption.release();
  }
}

/** What a user reads about an error. Ends with a line break. */
export function describeFailure(error: unknown): string {
  if (isVoxelgradError(error)) return `error: ${error.message}\n`;
  if (error instanceof DOMException && error.name === 'AbortError') return 'error: interrupted\n';
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'error: voxelgrad failed in a way that nobody foresaw:',
    stack,
    `help: Please report this, with the lines above, the command and: Node ${process.version}, ${process.platform} ${process.arch}.`,
    '',
  ].join('\n');
}

/** Threads and open devices must not keep a failed command alive, so it ends as soon as the text is out. */
function quit(text: string, exitCode: number): void {
  process.exitCode = exitCode;
  process.stderr.write(text, () => process.exit(exitCode));
}
