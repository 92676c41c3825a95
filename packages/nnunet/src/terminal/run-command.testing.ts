/** For run-command.test.ts: a command that does what its first word says, run in a process of its own. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { parseOptions } from './options.ts';
import { runCommand } from './run-command.ts';

const command = { name: 'tool', summary: 'A tool.', positionals: [{ name: 'what', help: 'x' }], options: {} } as const;

const untilStopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const alive = setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
    console.log('ready');
  });

await runCommand(async (signal) => {
  const { positionals } = parseOptions(command, process.argv.slice(2));
  switch (positionals[0]) {
    case 'succeed':
      console.log('done');
      return;
    case 'fail':
      // Something that would keep the process alive, as a worker thread does.
      setInterval(() => undefined, 1000);
      throw new VoxelgradError('file', { what: 'cannot read a.nii', got: 'nothing there', help: 'Check the path.' });
    case 'break':
      throw new TypeError('a bug');
    case 'break-later':
      setTimeout(() => {
        throw new TypeError('a late bug');
      }, 10);
      await new Promise(() => setInterval(() => undefined, 1000));
      return;
    case 'finish-when-stopped':
      await untilStopped(signal);
      console.log('saved');
      return;
    case 'finish-slowly-when-stopped':
      await untilStopped(signal);
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log('saved');
      return;
    case 'throw-when-stopped':
      await untilStopped(signal);
      signal.throwIfAborted();
      return;
    case 'never-stop':
      console.log('ready');
      await new Promise(() => setInterval(() => undefined, 1000));
      return;
    case 'write-much':
      for (let i = 0; i < 100_000; i++) {
        if (!process.stdout.write(`line ${i}\n`)) await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
      return;
    default:
      throw new Error(`no such test: ${positionals[0]}`);
  }
});
