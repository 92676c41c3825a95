/** Runs `voxelgrad WORDS…` within a test and keeps what it says. */
import { HelpRequest } from '../terminal/options.ts';
import { runVoxelgrad } from './dispatch.ts';

export interface Ran {
  /** Lines of stdout. */
  readonly lines: readonly string[];
  /** What went to stderr. */
  readonly status: string;
}

/** Help comes back as lines; other errors are thrown. */
export async function voxelgrad(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> {
  const lines: string[] = [];
  let status = '';
  try {
    await runVoxelgrad(words, {
      signal,
      environment,
      print: (line) => lines.push(line),
      status: { write: (text) => (status += text) },
    });
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error;
    lines.push(...error.text.split('\n'));
  }
  return { lines, status };
}
