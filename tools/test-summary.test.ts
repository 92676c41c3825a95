/** The counts with which continuous integration ends: of all suites, with the reasons for what was skipped. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = fileURLToPath(new URL('test-summary.ts', import.meta.url));

const test = (status: string, skipped?: string) => ({ status, meta: skipped === undefined ? {} : { skipped } });

/** A report of Vitest with these tests. */
function report(name: string, tests: readonly ReturnType<typeof test>[]): string {
  const count = (...wanted: string[]): number => tests.filter(({ status }) => wanted.includes(status)).length;
  const path = join(folder, `${name}.json`);
  writeFileSync(
    path,
    JSON.stringify({
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('skipped', 'pending'),
      numTodoTests: 0,
      success: count('failed') === 0,
      testResults: [{ name: 'a.test.ts', status: count('failed') > 0 ? 'failed' : 'passed', assertionResults: tests }],
    }),
  );
  return path;
}

interface Outcome {
  readonly code?: number;
  readonly stdout: string;
}

const summarize = (...words: readonly string[]): Promise<Outcome> =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...words]).catch((error: Outcome) => error);

it('says how many tests were skipped for each reason', async () => {
  const tests = [
    test('passed'),
    test('skipped', 'the device has no f16'),
    test('skipped', 'there is no Chromium'),
    test('pending', 'the device has no f16'),
    test('skipped'),
  ];
  const { stdout, code } = await summarize(`cpu=${report('cpu', tests)}`, `gpu=${report('gpu', [test('passed')])}`);
  expect(stdout.trim().split('\n')).toEqual([
    'cpu: 1 passed, 0 failed, 4 skipped',
    '  2 skipped: the device has no f16',
    '  1 skipped: there is no Chromium',
    '  1 skipped: the report has no reason',
    'gpu: 1 passed, 0 failed, 0 skipped',
    '2 passed, 0 failed, 4 skipped',
  ]);
  expect(code).toBeUndefined();
});

it('fails where a test failed, or a suite left no report', async () => {
  const failed = await summarize(`cpu=${report('failing', [test('failed'), test('passed')])}`);
  expect([failed.code, failed.stdout.trim().split('\n').at(-1)]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
  const missing = await summarize(`cpu=${join(folder, 'none.json')}`);
  expect([missing.code, missing.stdout.trim().split('\n').at(-1)]).toEqual([1, '0 passed, 1 failed, 0 skipped']);
});
