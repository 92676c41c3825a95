/** The README shows code: it must be the code that runs. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');

describe('the README', () => {
  it('shows the first-steps example, and what it prints on the cpu', async () => {
    const example = new URL('examples/first-steps/main.ts', root);
    expect(readme).toContain((await readFile(example, 'utf8')).trim());
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', fileURLToPath(example)], {
      cwd: fileURLToPath(root),
    });
    const [, shown] = /```\n(step 10[\s\S]*?)```/.exec(readme)!;
    const losses = (text: string): number[] => [...text.matchAll(/loss (-?[\d.]+)/g)].map(([, loss]) => Number(loss));
    expect(losses(stdout)).toHaveLength(3);
    // Other devices and engines without fused multiply-add round differently.
    for (const [i, loss] of losses(stdout).entries()) expect(loss).toBeCloseTo(losses(shown!)[i]!, 1);
  });

  it('names only commands that exist', async () => {
    const { scripts } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/pnpm(?:@[\d.]+)? ([a-z]+(?::[a-z-]+)?)/g)].map(([, script]) => script!);
    expect(named.length).toBeGreaterThan(5);
    for (const script of named) expect(Object.keys(scripts)).toContain(script);
  });
});
