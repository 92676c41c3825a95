/** What a tensor is on every device, whatever is computed with it. */
import { expect, it } from 'vitest';
import { isVoxelgradError } from './errors.ts';
import { full, zeros } from './index.ts';
import { describeOnEach } from './testing.ts';

describeOnEach('a tensor on $name', ({ open }) => {
  it.each([
    ['f32', 4],
    ['f16', 2],
  ] as const)('of %s above 2 GiB is refused with the numbers, and nothing is allocated', async (dtype, bytes) => {
    const device = await open();
    const before = device.memory();
    const shape = [2, 2 ** 30 / bytes + 1];
    let error: unknown;
    try {
      zeros(shape, { device, dtype });
    } catch (thrown) {
      error = thrown;
    }
    expect(isVoxelgradError(error, 'out-of-memory')).toBe(true);
    expect(String(error)).toContain(`a ${dtype} tensor of shape [2, ${shape[1]}]: expected at most 2 GiB`);
    expect(String(error)).toContain(`got ${(2 * (2 ** 30 + bytes)).toLocaleString('en')} bytes`);
    expect(device.memory()).toEqual(before);
    const small = full(3, [2], { device });
    expect([...(await small.data())]).toEqual([3, 3]);
    small.dispose();
  });
});
