/** Options of every command that computes. */
import type { Device } from '@voxelgrad/tensor';
import { openDevice } from '@voxelgrad/tensor/node';
import type { OptionSpecs, OptionValues } from '../terminal/option-spec.ts';

export const deviceOptions = {
  device: {
    type: 'choice',
    choices: ['auto', 'cpu', 'webgpu', 'cuda', 'mps'],
    default: 'auto',
    aliases: ['-device'],
    help: "Where to compute; auto is the fastest real device. nnU-Net's words cuda and mps mean webgpu: a GPU of any maker.",
  },
  threads: { type: 'integer', minimum: 1, help: 'Threads of the cpu device; by default one for each core.' },
} as const satisfies OptionSpecs;

/** Runs `work` on the device asked for, and closes it whatever happens. */
export async function onDevice<Result>(
  { device: kind, threads }: OptionValues<typeof deviceOptions>,
  work: (device: Device) => Promise<Result>,
): Promise<Result> {
  const name = kind === 'cuda' || kind === 'mps' ? 'webgpu' : kind;
  const device = await openDevice(name, threads === undefined ? {} : { threads });
  try {
    return await work(device);
  } finally {
    await device.close();
  }
}
