/** VOXELGRAD_DEBUG as a user sets it: what a program then prints about its kernels. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

async function firstSteps(level: number): Promise<string> {
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/first-steps/main.ts'], {
    cwd: root,
    env: { ...process.env, VOXELGRAD_DEBUG: String(level) },
    maxBuffer: 64 * 2 ** 20,
  });
  return stderr;
}

describe('VOXELGRAD_DEBUG', () => {
  it('1 prints a table of kernels with calls, time and speed', async () => {
    const stderr = await firstSteps(1);
    expect(stderr).toMatch(/kernel +calls +ms +share +GFLOP\/s +GB\/s/);
    // 30 steps, 14 convolutions in each: 11 of 3×3×3, 2 heads and an upsampling is a data gradient run forward.
    const [, calls, milliseconds, , speed] = /^(?:conv3d) +(\d+) +([\d.]+) +([\d.]+) % +([\d.]+)/m.exec(stderr) ?? [];
    expect(Number(calls) % 30).toBe(0);
    expect(Number(milliseconds)).toBeGreaterThan(0);
    expect(Number(speed)).toBeGreaterThan(0);
    expect(stderr).not.toContain('Winograd');
  });

  it('2 tells which algorithm was chosen for which shapes', async () => {
    expect(await firstSteps(2)).toMatch(/conv3d \{.*\}: (Winograd|direct)/);
  });
});
