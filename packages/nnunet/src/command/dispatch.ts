/** From the words of a command line to the subcommand that they name. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { closestTo } from '../terminal/closest.ts';
import { HelpRequest } from '../terminal/options.ts';
import type { CommandContext } from './command.ts';
import { commands } from './registry.ts';
import { type CommandName, summaries } from './summaries.ts';

/** Runs `voxelgrad WORDS…`. Throws 'option' for what nobody declared and `HelpRequest` where help was asked for. */
export async function runVoxelgrad(words: readonly string[], context: CommandContext): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') throw new HelpRequest(overview());
  const load = Object.hasOwn(commands, name) ? commands[name as CommandName] : undefined;
  if (load === undefined) {
    const meant = closestTo(name, Object.keys(commands));
    throw new VoxelgradError('option', {
      what: `voxelgrad: unknown command '${name}'`,
      help: meant === undefined ? 'voxelgrad --help lists the commands.' : `Did you mean ${meant}?`,
    });
  }
  await (await load()).run(rest, context);
}

function overview(): string {
  const width = Math.max(...Object.keys(summaries).map((name) => name.length));
  const lines = Object.entries(summaries).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'nnU-Net on WebGPU and on the CPU: plans, trains, predicts and evaluates.',
    '',
    'usage: voxelgrad <command> [options]',
    '',
    'commands:',
    ...lines,
    '',
    'voxelgrad <command> --help tells what a command takes. Data sets are found where nnU-Net has them: in the folders that the environment variables',
    'nnUNet_raw, nnUNet_preprocessed and nnUNet_results name.',
    '',
  ].join('\n');
}
