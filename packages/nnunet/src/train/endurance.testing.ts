/**
 * For endurance.test.ts: trains in a process of its own, whose memory is nobody else's, one step op by op and the next replayed. Prints what it holds,
 * one JSON line every so many steps.
 *
 *   node --expose-gc --import tsx endurance.testing.ts cpu|webgpu STEPS EVERY
 */
import { readFileSync } from 'node:fs';
import type { DeviceKind, MemoryReport } from '@voxelgrad/tensor';
import { openForLongRun } from '@voxelgrad/tensor/testing-long-runs';
import { smallTraining } from './small-training.testing.ts';

export interface Held {
  readonly step: number;
  /** Of the device. */
  readonly memory: MemoryReport;
  /** Bytes of live JavaScript objects. */
  readonly heap: number;
  /** Bytes of the whole process. */
  readonly resident: number;
}

/** As the system counts it; Node counts what the process had at its last look. */
function residentBytes(): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return kilobytes === null ? process.memoryUsage.rss() : 1024 * Number(kilobytes[1]);
}

const [name, steps, every] = process.argv.slice(2);
const device = await openForLongRun(name as DeviceKind);
const { step, replay, dispose } = smallTraining(device, [2, 2], [1, 4, 4, 4, 1]);
for (let i = 1; i <= Number(steps); i++) {
  await (i % 2 === 0 ? step() : replay());
  if (i % Number(every) !== 0) continue;
  global.gc?.();
  const held: Held = {
    step: i,
    memory: device.memory(),
    heap: process.memoryUsage().heapUsed,
    resident: residentBytes(),
  };
  console.log(JSON.stringify(held));
}
dispose();
await device.close();
