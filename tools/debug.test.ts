/** VOXELGRAD_DEBUG as a user sets it: what a program then prints about its kernels, on each device. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeOn, describeOnEach } from '../packages/tensor/src/testing.ts';

/** Three convolutions of ones, forward and backward. */
const EAGER = `
  const x = ones([1, 8, 8, 8, 4], { device });
  const weight = ones([3, 3, 3, 4, 4], { device }).requireGradient();
  for (let i = 0; i < 3; i++) tidy(() => sum(conv3d(x, weight, { padding: 1 })).backward());
  console.log((await weight.gradient.data())[0]);
`;

/** The same, captured once and replayed three times. */
const CAPTURED = `
  const x = ones([1, 8, 8, 8, 4], { device });
  const weight = ones([3, 3, 3, 4, 4], { device }).requireGradient();
  const step = capture(device, () => gradients(sum(conv3d(x, weight, { padding: 1 })), [weight]));
  await step.ready();
  for (let i = 0; i < 3; i++) step.replay();
  console.log((await step.result[0].data())[0]);
  step.dispose();
`;

/** One of each kind of kernel that has a choice, and a block whose normalised values are made again. */
const CHOICES = `
  const x = ones([1, 6, 6, 6, 4], { device }).requireGradient();
  const weight = ones([3, 3, 3, 4, 4], { device });
  const wide = ones([3, 3, 3, 8, 8], { device });
  const column = ones([4], { device });
  tidy(() => {
    const y = recomputing(() => conv3d(instanceNorm(conv3d(x, weight, { padding: 1 }), { weight: column, bias: column }), weight));
    sum(y).backward();
    conv3d(ones([1, 16, 16, 16, 8], { device }), wide, { padding: 1 });
    conv3d(ones([1, 5, 5, 5, 4], { device }), ones([3, 3, 3, 2, 4], { device }), { groups: 2 });
    matmul(ones([3, 900], { device }), ones([900, 5], { device }));
    sum(ones([100_000], { device }));
    argMax(ones([40_000], { device }), 0);
    cumulativeSum(ones([2000], { device }), 0);
    softmax(ones([3, 40], { device }));
    permute(ones([6, 5, 4], { device }), [2, 0, 1]);
    maxPool3d(x, { kernel: [2, 2, 2] });
    resize(ones([1, 4, 4, 4, 2], { device }), [6, 4, 7], 3);
  });
  const step = capture(device, () => mul(x.detach(), 2));
  await step.ready();
  console.log('done');
  step.dispose();
`;

const OPEN = `
  const device = await openDevice(process.argv.at(-1));
`;

/** As OPEN, on an adapter that hides its time stamps. */
const OPEN_WITHOUT_STAMPS = `
  import { openedGpu } from '../packages/tensor/src/device/webgpu/node-gpu.testing.ts';
  import { nodeShaders } from '../packages/tensor/src/device/webgpu/node-shaders.ts';
  import { openWebgpu } from '../packages/tensor/src/device/webgpu/open.ts';
  const real = await openedGpu();
  const gpu = {
    async requestAdapter() {
      const adapter = await real.requestAdapter();
      const features = new Set([...adapter.features].filter((name) => name !== 'timestamp-query'));
      return { features, limits: adapter.limits, info: adapter.info, requestDevice: (wanted) => adapter.requestDevice(wanted) };
    },
  };
  const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
`;

/** What a program prints on standard output and standard error. */
async function run(device: string, level: number, work: string, open = OPEN): Promise<[string, string]> {
  const program = `
    import * as tensor from '@voxelgrad/tensor';
    import { openDevice } from '@voxelgrad/tensor/node';
    const { argMax, capture, conv3d, cumulativeSum, gradients, instanceNorm, matmul, maxPool3d, mul, ones, permute, recomputing, resize, softmax, sum, tidy } = tensor;
    ${open}
    ${work}
    await device.close();
  `;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program, device],
    {
      // A folder from which the packages' names can be resolved.
      cwd: fileURLToPath(new URL('../examples/', import.meta.url)),
      env: { VOXELGRAD_SOFTWARE_GPU: 'swiftshader', ...process.env, VOXELGRAD_DEBUG: String(level) },
      maxBuffer: 64 * 2 ** 20,
    },
  );
  return [stdout, stderr];
}

/** A gradient: the first tap misses a plane of 8 × 8 on three sides, once and three times. */
const ONCE = `${7 ** 3}\n`;
const THRICE = `${3 * 7 ** 3}\n`;

/** The columns of a kernel's row. */
function rowOf(stderr: string, kernel: string) {
  const row = new RegExp(`^${kernel} +(\\d+) +([\\d.]+) +[\\d.]+ % +([\\d.]+)?`, 'm').exec(stderr);
  expect(row, `${kernel} in\n${stderr}`).not.toBeNull();
  return { calls: Number(row![1]), milliseconds: Number(row![2]), speed: Number(row![3]) };
}

function expectTable(stderr: string): void {
  expect(stderr).toMatch(/kernel +calls +ms +share +GFLOP\/s +GB\/s/);
  for (const kernel of ['conv3d', 'conv3dWeightGradient', 'reduce sum']) {
    const { calls, milliseconds } = rowOf(stderr, kernel);
    expect(calls, `${kernel} in\n${stderr}`).toBe(3);
    expect(milliseconds).toBeGreaterThan(0);
  }
  expect(rowOf(stderr, 'conv3d').speed).toBeGreaterThan(0);
  expect(stderr).not.toMatch(/@compute|in \d+ items|captured step/);
}

describeOnEach('VOXELGRAD_DEBUG on $name', ({ name }) => {
  it.each([
    ['op by op', EAGER, THRICE],
    ['in a captured step', CAPTURED, ONCE],
  ])('1 prints a table of kernels with calls, time and speed, %s', async (_, work, printed) => {
    const [stdout, stderr] = await run(name, 1, work);
    expect(stdout).toBe(printed);
    expectTable(stderr);
    expect(stderr).toMatch(
      name === 'cpu' ? /ms in kernels, by the workers' clock/ : /ms in kernels, by the GPU's time stamps/,
    );
  });

  it('2 tells how each call is computed, and what is made again, as well', async () => {
    const [, stderr] = await run(name, 2, CHOICES);
    expect(stderr).toMatch(/kernel +calls/);
    const gpu = name === 'webgpu';
    const choices: readonly (readonly [call: string, cpu: string, webgpu: string])[] = [
      ['conv3d\\(f32\\[1, 16, 16, 16, 8\\]', 'Winograd; .*', '(gathered, tile 128x8|in registers, 8x16)'],
      ['conv3d\\(f32\\[1, 5, 5, 5, 4\\]', 'direct', 'direct'],
      ['conv3dDataGradient\\(.*', '(direct|Winograd)', '(gathered, tile 256x4|in registers, 8x16)'],
      ['matmul\\(f32\\[1, 3, 900\\]', 'tiles of 3×8, \\d+ splits', 'tile 128x8'],
      ['reduce sum\\(f32\\[1, 100000, 1\\]', 'rows of 256 .* \\d+ splits', '\\d+ threads an output, \\d+ chunks'],
      ['argReduce max\\(f32\\[40000\\]', '3 parts', '\\d+ threads an output'],
      ['cumulativeSum\\(f32\\[2000\\]', 'cumulativeSum in', '2 chunks of 1024'],
      ['normForward\\(f32\\[1, 6, 6, 6, 4\\]', 'rows of 32, \\d+ splits', '\\d+ tiles of \\d+ rows'],
      ['softmax\\(f32\\[3, 40\\]', 'softmaxMany in', '4 threads a row'],
      ['stridedCopy\\(f32\\[120\\]', 'copyTilesWord in', 'single elements'],
      ['pool max\\(.*', 'poolMax in', 'resample/pool in'],
      ['resample .*', '(all axes at once|one axis after the other)', 'one axis after the other: d, w'],
    ];
    for (const [call, cpu, webgpu] of choices)
      expect(stderr).toMatch(new RegExp(`^${call}.*: ${gpu ? webgpu : cpu}`, 'm'));
    // What runs for it: the last part of each line.
    expect(stderr).toMatch(gpu ? /^matmul.*; matmul\/matmul in \d+ workgroups/m : /^matmul.*; matmul in \d+ items/m);
    expect(stderr).toMatch(/^recomputing: f32\[1, 6, 6, 6, 4\] is made again/m);
    expect(stderr).toMatch(/^captured step: \d+ commands in an arena of \d+ bytes/m);
    const lines = stderr.split('\n').filter((line) => line.startsWith('fill('));
    expect(new Set(lines).size, 'each is told once').toBe(lines.length);
  });

  it('3 shows what runs as well', async () => {
    const [stdout, stderr] = await run(name, 3, EAGER);
    expect(stdout).toBe(THRICE);
    expect(stderr).toMatch(/kernel +calls/);
    if (name === 'cpu')
      expect(stderr).toMatch(/^\w+ in \d+ items, for conv3d\(f32\[1, 8, 8, 8, 4\], f32\[3, 3, 3, 4, 4\]/m);
    else expect(stderr).toMatch(/@compute @workgroup_size/);
  });
});

describeOn('webgpu', 'VOXELGRAD_DEBUG on webgpu without timestamp-query', ({ name }) => {
  it.each([
    ['op by op', EAGER, THRICE],
    ['in a captured step', CAPTURED, ONCE],
  ])('1 measures round trips, and says so, %s', async (_, work, printed) => {
    const [stdout, stderr] = await run(name, 1, work, OPEN_WITHOUT_STAMPS);
    expect(stdout).toBe(printed);
    expectTable(stderr);
    expect(stderr).toMatch(/by the host's clock, .*the adapter has no timestamp-query/);
  });
});
