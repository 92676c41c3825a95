/** `benchmark_result.json` of nnU-Net's benchmark trainers: how long the fastest epoch took on which machine. Results of other machines stay in it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@voxelgrad/io/node';
import type { Device } from '@voxelgrad/tensor';
import { JsonReader } from '../../json/json-reader.ts';
import type { TrainingHistory } from '../../train/history.ts';

/** Returns the seconds of the fastest epoch. */
export async function writeBenchmark(folder: string, device: Device, history: TrainingHistory): Promise<number> {
  const path = join(folder, 'benchmark_result.json');
  const old = existsSync(path) ? JsonReader.parse(await readFile(path, 'utf8'), path) : undefined;
  const before = Object.fromEntries((old?.keys() ?? []).map((key) => [key, old!.at(key).raw]));
  const fastest = Math.min(...history.epochs.map(({ seconds }) => seconds));
  const key = [hostname(), device.kind, device.description.replaceAll(' ', ''), 'num_gpus_1'].join('__');
  // The keys are nnU-Net's; there is neither PyTorch nor cuDNN.
  const result = {
    torch_version: null,
    cudnn_version: null,
    gpu_name: `${device.kind} (${device.description})`,
    fastest_epoch: fastest,
    world_size: 1,
    hostname: hostname(),
  };
  await writeFileAtomic(path, JSON.stringify({ ...before, [key]: result }, null, 4));
  return fastest;
}
