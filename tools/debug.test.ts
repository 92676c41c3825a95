/** VOXELGRAD_DEBUG as a user sets it: what a program then prints about its kernels, on each device. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeOnEach } from '../packages/tensor/src/testing.ts';

/** Three convolutions of ones, forward and backward. */
const PROGRAM = `
  import { conv3d, ones, sum, tidy } from '@voxelgrad/tensor';
  import { openDevice } from '@voxelgrad/tensor/node';
  const device = await openDevice(process.argv.at(-1));
  const x = ones([1, 8, 8, 8, 4], { device });
  const weight = ones([3, 3, 3, 4, 4], { device }).requireGradient();
  for (let i = 0; i < 3; i++) tidy(() => sum(conv3d(x, weight, { padding: 1 })).backward());
  console.log((await weight.gradient.data())[0]);
  await device.close();
`;

async function run(device: string, level: number): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM, device],
    {
      // A folder from which the packages' names can be resolved.
      cwd: fileURLToPath(new URL('../examples/', import.meta.url)),
      env: { VOXELGRAD_SOFTWARE_GPU: 'swiftshader', ...process.env, VOXELGRAD_DEBUG: String(level) },
      maxBuffer: 64 * 2 ** 20,
    },
  );
  // The first tap misses a plane of 8 × 8 on three sides: 3 · 7³.
  expect(stdout).toBe('1029\n');
  return stderr;
}

describeOnEach('VOXELGRAD_DEBUG on $name', ({ name }) => {
  it('1 prints a table of kernels with calls, time and speed', async () => {
    const stderr = await run(name, 1);
    expect(stderr).toMatch(/kernel +calls +ms +share +GFLOP\/s +GB\/s/);
    for (const kernel of ['conv3d', 'conv3dWeightGradient', 'reduce sum']) {
      const row = new RegExp(`^${kernel} +(\\d+) +[\\d.]+ +[\\d.]+ %`, 'm').exec(stderr);
      expect(Number(row?.[1]), `${kernel} in\n${stderr}`).toBe(3);
    }
    const [, milliseconds, speed] = /^conv3d +\d+ +([\d.]+) +[\d.]+ % +([\d.]+)/m.exec(stderr) ?? [];
    expect(Number(milliseconds)).toBeGreaterThan(0);
    expect(Number(speed)).toBeGreaterThan(0);
    expect(stderr).not.toMatch(/@compute|in \d+ items/);
  });

  it('2 tells which algorithm or variant was chosen for which shapes as well', async () => {
    const stderr = await run(name, 2);
    expect(stderr).toMatch(/kernel +calls/);
    expect(stderr).toMatch(/conv3d.*4.*: \S/);
  });

  it('3 shows what runs as well', async () => {
    const stderr = await run(name, 3);
    expect(stderr).toMatch(/kernel +calls/);
    if (name === 'cpu')
      expect(stderr).toMatch(/^\w+ in \d+ items, for conv3d\(f32\[1, 8, 8, 8, 4\], f32\[3, 3, 3, 4, 4\]/m);
    else expect(stderr).toMatch(/@compute @workgroup_size/);
  });
});
