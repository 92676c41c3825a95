/** Training that is killed again and again, at random moments: it ends with the same bits as if nothing had happened, and no file is ever half. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@voxelgrad/nn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tinyDataset, writeTinyDataSet } from './tiny-data-set.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-killed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const preprocessed = join(root, 'preprocessed');
beforeAll(() => writeTinyDataSet(preprocessed));

/** How many times; 20 and more for a thorough run. */
const kills = Number(process.env.VOXELGRAD_KILLS ?? 4);
if (kills < 20) console.info(`training is killed ${kills} times; VOXELGRAD_KILLS=20 makes it more`);

const main = fileURLToPath(new URL('../command/main.ts', import.meta.url));
const words = ['train', '9', '3d_fullres', '0', '-tr', 'voxelgradTrainerAdam', '--device', 'cpu', '--threads', '1'];
const length = ['--epochs', '24', '--iterations', '5', '--validation-iterations', '1', '--checkpoint-interval', '0'];

/** Runs to the end, or until it is killed so many milliseconds after it has begun to train. True where it came to its end. */
const run = (results: string, killAfter?: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, nnUNet_preprocessed: preprocessed, nnUNet_results: results };
    const started = Date.now();
    const child = execFile(process.execPath, ['--import', 'tsx', main, ...words, ...length, '-c'], { env }, (error) => {
      clearInterval(watch);
      if (error === null) resolve(true);
      else if (error.signal === 'SIGKILL') resolve(false);
      else reject(error);
    });
    const watch = setInterval(() => {
      const log = statSync(join(place(results), 'training_log.jsonl'), { throwIfNoEntry: false });
      if (killAfter === undefined || log === undefined || log.mtimeMs < started) return;
      clearInterval(watch);
      setTimeout(() => child.kill('SIGKILL'), killAfter);
    }, 5);
  });

const place = (results: string): string =>
  join(results, tinyDataset, 'voxelgradTrainerAdam__nnUNetPlans__3d_fullres', 'fold_0');
const checkpointPath = (results: string): string => join(place(results), 'checkpoint_latest.safetensors');
const checkpoint = (results: string) => readSafetensors(new Uint8Array(readFileSync(checkpointPath(results))));

it('ends with the weights of an uninterrupted run', { timeout: 600_000 }, async () => {
  const [whole, killed] = ['whole', 'killed'].map((name) => join(root, name)) as [string, string];
  expect(await run(whole)).toBe(true);
  const log = readFileSync(join(place(whole), 'training_log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const milliseconds = log.reduce((sum, line) => sum + 1000 * (JSON.parse(line) as { seconds: number }).seconds, 0);
  let count = 0;
  for (let kill = 0; kill < kills; kill++) {
    if (!(await run(killed, (Math.random() * milliseconds) / kills))) count++;
    // The first kill may come before there is any.
    if (existsSync(checkpointPath(killed))) expect(checkpoint(killed).size).toBeGreaterThan(10);
  }
  expect(count).toBeGreaterThan(0);
  await run(killed);
  expect(checkpoint(killed)).toEqual(checkpoint(whole));
  expect(readdirSync(place(killed)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  console.info(`killed ${count} times`);
});
