/** Twenty steps of training against the official code, in f32 and in mixed precision, on every device there is. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { testDevices } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { type ParityCase, readCases } from '../cases.ts';
import { checkHalfTrajectory, checkTrajectory } from './trajectory.ts';

const folder = fileURLToPath(new URL('../../../../shared/fixtures/trajectory', import.meta.url));
const cases: readonly ParityCase[] = existsSync(folder) ? await readCases(folder) : [];
if (cases.length === 0) console.info('skipped: golden trajectories (no ../shared/fixtures beside the repository)');

describe.skipIf(cases.length === 0).each(testDevices())('twenty steps on $name', ({ open }) => {
  it.for(cases)('$name follows the official f32 losses and ends at the same weights', async (entry, { skip }) => {
    const device = await open();
    skip(/swiftshader/i.test(device.description), 'SwiftShader takes a minute: lavapipe and the cpu device do this');
    const { worst, where } = await checkTrajectory(entry, device);
    expect(worst, where).toBeLessThanOrEqual(1);
  });

  it.for(cases)('$name in mixed precision follows them to two hundredths', async (entry, { skip }) => {
    const device = await open();
    skip(!device.hasF16, `${device.description} has no f16`);
    const { worst, where } = await checkHalfTrajectory(entry, device);
    expect(worst, where).toBeLessThanOrEqual(1);
  });
});
