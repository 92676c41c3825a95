/** What the tests leave out is data: for a device what DEVICE_SKIPS lists, nothing of f32; else what a machine lacks. All of it is counted, with the reason. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { requireHardware } from '../packages/tensor/src/device/webgpu/hardware.ts';
import { DEVICE_SKIPS, lacking } from '../packages/tensor/src/testing-skips.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'voxelgrad-skips-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const tests = ['packages', 'tools', 'bench', 'examples']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  )
  .filter((path) => /\.(test|browser-test)\.ts$/.test(path) && !path.includes('node_modules'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

it('no device leaves out anything that computes in f32', () => {
  expect(Object.entries(DEVICE_SKIPS).filter(([, { precision }]) => precision === 'f32')).toEqual([]);
});

it('every entry of the list is of some test', () => {
  const unused = Object.keys(DEVICE_SKIPS).filter((name) => !tests.some(({ text }) => text.includes(`, '${name}')`)));
  expect(unused).toEqual([]);
});

it('no test is left out, or narrowed, by other means', () => {
  const means =
    /\b(skipIf|runIf)\b|\.(skip|todo|only)\b|\b(skip|todo)\(|\b(skip|todo): true|hasF16\b|testDevices\(\)\)/;
  const found = tests
    .filter(({ path }) => path !== 'tools/skips.test.ts')
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, i) => (means.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );
  expect(tests.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});

function gpuHere(): string | undefined {
  try {
    requireHardware();
    return 'this machine has a GPU, or cannot tell';
  } catch {
    return undefined;
  }
}

interface Result {
  readonly fullName: string;
  readonly status: string;
  readonly meta: { readonly skipped?: string };
}

/** Runs test files where no driver for WebGPU can be unpacked: the folder for it is one that anybody could write to. */
async function runWithoutWebgpu(...files: readonly string[]): Promise<readonly Result[]> {
  const folder = join(temporary, `voxelgrad-${userInfo().uid}`);
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  const report = join(temporary, 'report.json');
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|VOXELGRAD_|VK_|NODE_ENV$|TEST$)/.test(name)),
  );
  await promisify(execFile)('npx', ['vitest', 'run', ...files], {
    cwd: root,
    env: { ...env, TMPDIR: temporary, VOXELGRAD_TEST_REPORT: report },
  });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: Result[] }[];
  };
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

it(
  'where WebGPU is missing every test that would have run on it is counted as skipped, with the reason',
  lacking(gpuHere()),
  async () => {
    const results = await runWithoutWebgpu(
      'packages/tensor/src/checkpointing.test.ts',
      'packages/tensor/src/ops/random/random.kernels.test.ts',
      'packages/tensor/src/device/webgpu/webgpu-device.test.ts',
    );
    const on = (device: string): Result[] => results.filter(({ fullName }) => fullName.includes(` on ${device}`));
    const bodies = (device: string): string[] =>
      on(device).map(({ fullName }) => fullName.replace(` on ${device}`, ''));
    expect(on('cpu').length).toBeGreaterThan(15);
    expect(on('cpu').filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(bodies('webgpu')).toEqual(expect.arrayContaining(bodies('cpu')));
    const skipped = results.filter(({ status }) => status !== 'passed');
    expect(skipped).toEqual(expect.arrayContaining(on('webgpu')));
    const reasons = new Set(skipped.map(({ meta }) => meta.skipped));
    expect([...reasons].sort()).toEqual([
      'comparing devices: only cpu is tested',
      expect.stringMatching(/^on webgpu: the cache folder .*: expected a folder that only this user can write to/),
    ]);
  },
);
