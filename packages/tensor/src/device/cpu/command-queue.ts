/** What a queue of commands is, whoever runs them, and how it says that it cannot. */
import { VoxelgradError } from '../../errors.ts';
import type { DescribeCommand } from './command-descriptions.ts';

export interface CommandQueue {
  readonly threads: number;
  /** Commands enqueued so far. */
  readonly queued: number;
  /** Commands that have run, as far as can be told without waiting. */
  readonly completed: number;
  /** `describe` tells what the command is part of, should it fail. Throws if the device is closed or dead. */
  enqueue(kernel: number, items: number, parameters: readonly number[], describe?: DescribeCommand): void;
  /** Enqueues commands that are already written as slots of the ring; none without items. The array must not change afterwards. */
  enqueueSlots(slots: Int32Array, describe?: DescribeCommand): void;
  /** Throws if the device is closed or dead. */
  checkAlive(): void;
  /** Resolves when all commands before this call have run, with the time (ms) of that moment; rejects if one failed since the last time. */
  finished(): Promise<number>;
  close(): Promise<void>;
}

export const closedError = (): VoxelgradError =>
  new VoxelgradError('device', { what: 'the cpu device was closed', help: 'open it again' });

export function kernelFailure(kernel: string, description: string | undefined, reason: string): VoxelgradError {
  return new VoxelgradError('kernel', {
    what: `the cpu kernel ${kernel}${description === undefined ? '' : ` of ${description}`} failed: ${reason}`,
    help: 'this is a defect in voxelgrad; please report it with the shapes involved',
  });
}
