/** What a long run must not do: grow. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import type { Held } from './endurance.testing.ts';

const STEPS = 1000;
const EVERY = 50;
/** What engines and drivers need once: compiled code, pools, the heap's working size. */
const WARM_UP = 300;

const script = fileURLToPath(new URL('endurance.testing.ts', import.meta.url));

/** What a process that only trains holds from its warm-up on. The young generation starts at its full size, or its growth would look like a leak. */
async function trainAlone(device: string, driver: string | undefined): Promise<Held[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--min-semi-space-size=16', '--import', 'tsx', script, device, `${STEPS}`, `${EVERY}`],
    { env: { ...process.env, ...(driver !== undefined && { VOXELGRAD_SOFTWARE_GPU: driver }) } },
  );
  const held = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Held);
  return held.filter(({ step }) => step >= WARM_UP);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describeOnEach('a thousand steps on $name', ({ name, open }) => {
  it('leave the memory where it was', { timeout: 600_000 }, async () => {
    const { description } = await open();
    const held = await trainAlone(name, /swiftshader/i.test(description) ? 'swiftshader' : undefined);
    const [first, last] = [held[0]!, held.at(-1)!];
    expect(last.step).toBe(STEPS);
    expect(new Set(held.map(({ memory }) => JSON.stringify(memory))).size).toBe(1);
    // A step makes some hundred objects: if one of each stayed, this would be 10 MB.
    expect(last.heap - first.heap).toBeLessThan(2e6);
    const resident = held.map((entry) => entry.resident);
    expect(median(resident.slice(-5)) / median(resident.slice(0, 5))).toBeLessThan(1.05);
  });
});
