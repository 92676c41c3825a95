/** Twenty steps of training against the official code, in f32 and in mixed precision, on every device there is. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { lacking, skipOn } from '@voxelgrad/tensor/testing-skips';
import { expect, it } from 'vitest';
import { type ParityCase, readCases } from '../cases.ts';
import { checkHalfTrajectory, checkTrajectory } from './trajectory.ts';

const folder = fileURLToPath(new URL('../../../../shared/fixtures/trajectory', import.meta.url));
const cases: readonly ParityCase[] = existsSync(folder) ? await readCases(folder) : [];
const missing = existsSync(folder) ? undefined : 'no ../shared/fixtures/trajectory beside the repository';

describeOnEach('twenty steps on $name', lacking(missing), ({ open }) => {
  // SwiftShader takes minutes.
  const timeout = 900_000;

  it.for(cases)('$name follows the official f32 losses and ends at the same weights', { timeout }, async (entry) => {
    const { worst, where } = await checkTrajectory(entry, await open());
    expect(worst, where).toBeLessThanOrEqual(1);
  });

  it.for(cases)('$name in mixed precision follows them to two hundredths', async (entry, context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const { worst, where } = await checkHalfTrajectory(entry, device);
    expect(worst, where).toBeLessThanOrEqual(1);
  });
});
