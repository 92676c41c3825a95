/** Jobs on real threads: results, errors with all their parts, deaths, interruption. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { runInWorkers } from './worker-pool.ts';

const run = async (
  jobs: string[],
  options: { setup?: number; threads?: number; atOnce?: number; signal?: AbortSignal } = {},
) => {
  const results: [string, string][] = [];
  const { setup = 10, threads = 2, atOnce = 1, signal = new AbortController().signal } = options;
  await runInWorkers<string, string>({
    module: new URL('./worker-pool.testing.ts', import.meta.url),
    setup,
    threads,
    atOnce,
    jobs,
    onResult: (result, job) => results.push([job, result]),
    signal,
  });
  return results;
};

describe('runInWorkers', () => {
  it('does every job once', async () => {
    const results = await run(['1', '2', '3', '4', '5'], { atOnce: 2 });
    expect(results.sort()).toEqual(['1', '2', '3', '4', '5'].map((job) => [job, `${job}0`]));
    expect(await run([])).toEqual([]);
  });

  it('throws what a job or the start of a worker threw', async () => {
    const failed: unknown = await run(['1', 'fail', '2'], { threads: 1 }).catch((error: unknown) => error);
    expect(isVoxelgradError(failed, 'dataset')).toBe(true);
    expect(String(failed)).toContain('a case: got nothing\nhelp: look for it');
    await expect(run(['break'])).rejects.toThrow('a bug');
    await expect(run(['1'], { setup: 0 })).rejects.toThrow(/factor: expected another\nhelp: take 1/);
  });

  it('tells that a worker died', async () => {
    await expect(run(['die', '1'])).rejects.toThrow(/a worker thread: got its end, with exit code 3/);
  });

  it('begins no job once it is told to stop', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stopped'));
    await expect(run(['1'], { signal: controller.signal })).rejects.toThrow('stopped');
  });
});
