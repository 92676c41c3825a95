/** `--json FILE`: what a run came to, for scripts and benchmarks. */
import { writeFileAtomic } from '@voxelgrad/io/node';
import type { Device } from '@voxelgrad/tensor';
import type { StudyResult } from './study.ts';

export async function writeResult(
  path: string,
  device: Device,
  { history, seconds, evaluation }: StudyResult,
): Promise<void> {
  const result = {
    device: device.kind,
    iterations: history.losses.length,
    seconds: Number(seconds.toFixed(1)),
    loss: history.losses,
    dice: evaluation?.dice ?? {},
    meanDice: evaluation?.meanDice ?? null,
  };
  await writeFileAtomic(path, `${JSON.stringify(result)}\n`);
}
