/** What a subcommand of `voxelgrad` is: what it takes, declared once, and what it does. One file each, beside this one; `registry.ts` lists them. */
import type { CommandSpec, OptionSpecs } from '../terminal/option-spec.ts';
import { type CommandLine, parseOptions } from '../terminal/options.ts';
import type { TerminalStream } from '../terminal/progress.ts';
import { type CommandName, summaries } from './summaries.ts';

/** The world a command runs in: nothing else of the process is touched, so that tests can run commands as they are. */
export interface CommandContext {
  /** Aborts when the user wants to stop. A command then ends early, having saved what is worth saving, or throws the signal's reason. */
  readonly signal: AbortSignal;
  /** `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Results, for people and pipes: stdout. */
  print(line: string): void;
  /** Progress and remarks: stderr. */
  readonly status: TerminalStream;
}

export interface Command {
  readonly spec: CommandSpec;
  /** Parses strictly ('option' error, `HelpRequest`), then runs. */
  run(words: readonly string[], context: CommandContext): Promise<void>;
}

/** `spec.name` is the whole of what is typed: 'voxelgrad plan'. Options that change nothing are said to, on stderr. */
export function defineCommand<const Options extends OptionSpecs>(
  declared: Omit<CommandSpec<Options>, 'summary'> & { readonly name: `voxelgrad ${CommandName}` },
  run: (line: CommandLine<Options>, context: CommandContext) => Promise<void>,
): Command {
  const spec = { ...declared, summary: summaries[declared.name.replace('voxelgrad ', '') as CommandName] };
  return {
    spec,
    async run(words, context) {
      const line = parseOptions(spec, words);
      for (const note of line.notes) context.status.write(`${note}\n`);
      await run(line, context);
    },
  };
}
