/** Exit codes and messages of a real process, with real signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { VoxelgradError } from '@voxelgrad/tensor';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { describeFailure } from './run-command.ts';

const script = fileURLToPath(new URL('./run-command.testing.ts', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the script; `onOutput` is called with everything printed so far. */
function run(
  word: string,
  onOutput: (child: ChildProcess, out: string, err: string) => void = () => {},
): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, word], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    onOutput(child, out, err);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
    onOutput(child, out, err);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

/** Sends the signal once the text has been printed. */
function signalAfter(text: string, signal: NodeJS.Signals): (child: ChildProcess, out: string, err: string) => void {
  let sent = false;
  return (child, out, err) => {
    if (sent || !(out + err).includes(text)) return;
    sent = true;
    child.kill(signal);
  };
}

/** Sends the signal when the command is ready, and again so many milliseconds after that was noticed. */
function twice(signal: NodeJS.Signals, milliseconds: number): ReturnType<typeof signalAfter> {
  const first = signalAfter('ready', signal);
  let seen = false;
  return (child, out, err) => {
    first(child, out, err);
    if (seen || !err.includes('Ctrl-C again')) return;
    seen = true;
    setTimeout(() => child.kill(signal), milliseconds);
  };
}

const onWindows = process.platform === 'win32' ? 'Windows ends a process instead of sending it a signal' : undefined;

describe('runCommand', { timeout: 30_000 }, () => {
  it('ends with 0 when all is well, and on --help', async () => {
    expect(await run('succeed')).toEqual({ code: 0, out: 'done\n', err: '' });
    const help = await run('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('usage: tool <what> [options]');
  });

  it('tells an error in two lines and ends with 1, whatever is still alive', async () => {
    expect(await run('fail')).toEqual({
      code: 1,
      out: '',
      err: 'error: cannot read a.nii: got nothing there\nhelp: Check the path.\n',
    });
    expect(await run('--nonsense')).toMatchObject({
      code: 1,
      err: expect.stringContaining("unknown option '--nonsense'"),
    });
  });

  it.each([
    ['break', 'TypeError: a bug'],
    ['break-later', 'TypeError: a late bug'],
  ])('asks to report what nobody foresaw (%s)', async (word, message) => {
    const { code, err } = await run(word);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).toMatch(/run-command\.testing\.ts:\d+/);
    expect(err).toContain('help: Please report this');
  });

  it('lets a command finish on the first Ctrl-C', lacking(onWindows), async () => {
    const { code, out, err } = await run('finish-when-stopped', signalAfter('ready', 'SIGINT'));
    expect([code, out]).toEqual([130, 'ready\nsaved\n']);
    expect(err).toContain('press Ctrl-C again');
    expect(await run('throw-when-stopped', signalAfter('ready', 'SIGINT'))).toMatchObject({
      code: 130,
      err: expect.stringContaining('error: interrupted by SIGINT'),
    });
    expect((await run('finish-when-stopped', signalAfter('ready', 'SIGTERM'))).code).toBe(143);
  });

  it('quits on the second', lacking(onWindows), async () => {
    const { code } = await run('never-stop', twice('SIGINT', 700));
    expect(code).toBe(130);
  });

  it('takes a signal that a launcher passes on once more for one', lacking(onWindows), async () => {
    const { code, out } = await run('finish-slowly-when-stopped', twice('SIGTERM', 20));
    expect([code, out]).toEqual([143, 'ready\nsaved\n']);
  });

  it('ends quietly when nobody reads on', lacking(onWindows), async () => {
    const { code, err } = await run('write-much', (child) => child.stdout!.destroy());
    expect([code, err]).toEqual([0, '']);
  });
});

describe('describeFailure', () => {
  it('is one line without help, and never a stack for errors of this project', () => {
    expect(describeFailure(new VoxelgradError('device', { what: 'no GPU' }))).toBe('error: no GPU\n');
    expect(describeFailure(AbortSignal.abort().reason)).toBe('error: interrupted\n');
    expect(describeFailure('text')).toContain('\ntext\n');
  });
});
