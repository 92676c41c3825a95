/** docs/writing-an-op.md, followed to the letter: in a copy of the engine, the page's files and lines are put where it says, and its commands run. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const page = await readFile(join(root, 'docs/writing-an-op.md'), 'utf8');
const [program, engine] = page.split('## In the engine') as [string, string];
const run = promisify(execFile);

interface Block {
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

/** Code blocks under the name of a file. */
const blocks = [...engine.matchAll(/^`([\w./-]+)`\n\n```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, file, language, text]): Block => ({ file: file!, language: language!, text: text! }),
);

/** Adds the lines with `+` behind the one line above them, which must be in the file once. */
function withAddedLines(content: string, { file, text }: Block): string {
  let anchor = '';
  let result = content;
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const shown = line.slice(1);
    if (line.startsWith('+')) {
      result = result.replace(`${anchor}\n`, () => `${anchor}\n${shown}\n`);
    } else
      expect(
        result.split('\n').filter((other) => other === shown),
        `${file}: ${shown}`,
      ).toHaveLength(1);
    anchor = shown;
  }
  return result;
}

describe('the page on writing an op', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voxelgrad-op-'));
    const copied = [
      'packages/tensor',
      'shaders',
      'pnpm-workspace.yaml',
      'package.json',
      'tsconfig.base.json',
      'tsconfig.json',
    ];
    for (const path of copied)
      await cp(join(root, path), join(folder, path), {
        recursive: true,
        filter: (source) => !/\/(node_modules|dist)$|\.tsbuildinfo$/.test(source),
      });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await symlink(join(root, 'packages/tensor/node_modules'), join(folder, 'packages/tensor/node_modules'));
    for (const block of blocks) {
      const path = join(folder, block.file);
      await mkdir(dirname(path), { recursive: true });
      const content = block.language === 'diff' ? withAddedLines(await readFile(path, 'utf8'), block) : block.text;
      await writeFile(path, content);
    }
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  it('shows every file of the op, and every list it is in', () => {
    expect(blocks.filter(({ language }) => language !== 'diff')).toHaveLength(7);
    expect(blocks.filter(({ language }) => language === 'diff')).toHaveLength(5);
  });

  it('leads to an op that compiles', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', 'packages/tensor', '--noEmit', '--composite', 'false'], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('and passes its test on every device', { timeout: 300_000 }, async () => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { stdout } = await run(
      process.execPath,
      [vitest, 'run', '--root', folder, '--testTimeout=120000', 'packages/tensor/src/ops/softsign'],
      {
        cwd: folder,
        env: { ...process.env, NO_COLOR: '1', VOXELGRAD_TEST_REPORT: '' },
      },
    ).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr);
    });
    expect(stdout).toMatch(/Tests +(7|14) passed/);
  });

  it('shows a program that prints what it says', async () => {
    const [, code] = /```ts\n\/\/ straight-through\.ts\n([\s\S]*?)```/.exec(program)!;
    const [, printed] = /```\n(straight through:[\s\S]*?)```/.exec(program)!;
    await mkdir(join(folder, 'mine/node_modules/@voxelgrad'), { recursive: true });
    await symlink(join(folder, 'packages/tensor'), join(folder, 'mine/node_modules/@voxelgrad/tensor'));
    await writeFile(join(folder, 'mine/package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'mine/straight-through.ts'), code!);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'mine/straight-through.ts'], { cwd: folder });
    expect(stdout).toBe(printed);
  });
});
