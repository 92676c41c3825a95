import { VoxelgradError } from '@voxelgrad/tensor';
import { expect, it } from 'vitest';
import { withMemoryHelp } from './memory-help.ts';
import { train } from './train.ts';

const failing = (error: Error) => withMemoryHelp(() => Promise.reject(error));

it('names options that the command has, and keeps what was missing', async () => {
  const error = new VoxelgradError('out-of-memory', { what: 'no room for 5 bytes', got: '3 bytes in use' });
  const told = await failing(error).catch((thrown: VoxelgradError) => thrown);
  expect(told).toMatchObject({ code: 'out-of-memory', cause: error });
  expect(String(told)).toContain('no room for 5 bytes: got 3 bytes in use\nhelp: train with --gradient-checkpointing');
  const options = Object.keys(train.spec.options);
  for (const option of ['gradientCheckpointing', 'accumulation']) expect(options).toContain(option);
});

it('leaves other errors alone', async () => {
  const error = new VoxelgradError('option', { what: 'something else' });
  await expect(failing(error)).rejects.toBe(error);
});
