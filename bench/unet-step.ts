/**
 * One training step of nnU-Net on the cpu device against PyTorch: forward, deep supervision with Dice + cross-entropy, backward, clipping, Adam.
 * How fast, and how much memory a process holds at most that does nothing else.
 */
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { type Device, fromArray, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, costRow, interleaved, rateRow } from './measure.ts';
import { peakBytesOf } from './peak-memory.ts';
import { TorchPeer } from './torch-peer.ts';

const PLANS = [
  { name: 'light hippocampus plan (16–128, batch 2)', features: [16, 32, 64, 128], batch: 2, rounds: 7 },
  { name: 'full hippocampus plan (32–256, batch 9)', features: [32, 64, 128, 256], batch: 9, rounds: 3 },
] as const;
const PATCH = [40, 56, 40] as const;
const CLASSES = 3;

/** A network, its optimizer and a batch; returns what does one step with them. */
function training(device: Device, { features, batch }: (typeof PLANS)[number]): () => Promise<undefined> {
  const network = new PlainConvUNet({ inputChannels: 1, classes: CLASSES, features, device });
  const optimizer = new Adam(network.parameters(), { learningRate: 1e-3, maximumNorm: 12 });
  const loss = deepSupervision(diceAndCrossEntropy());
  const x = new RandomGenerator(1).normal([batch, ...PATCH, 1], device);
  const voxels = batch * PATCH.reduce((product, extent) => product * extent, 1);
  const labels = fromArray(
    Int32Array.from({ length: voxels }, (_, i) => i % CLASSES),
    [batch, ...PATCH],
    { device },
  );
  return async () => {
    const value = tidy(() => {
      const total = loss(network.forward(x), labels);
      total.backward();
      optimizer.step();
      return total.detach();
    });
    await value.item();
    value.dispose();
    return undefined;
  };
}

export async function unetStep(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [index, plan] of PLANS.entries()) {
    const device = await openCpu();
    const peer = await TorchPeer.start(device.threads);
    const { name, features, batch, rounds } = plan;
    const request = { kind: 'unet_step', features, patch: PATCH, batch, classes: CLASSES };
    const seconds = await interleaved(
      { ours: training(device, plan), ...(peer === undefined ? {} : { peer: () => peer.run(request) }) },
      rounds,
    );
    await device.close();
    const peerBytes = await peer?.peakBytes();
    peer?.stop();
    rows.push(rateRow(name, 'steps/s', 1 / seconds.ours!, 'PyTorch', peer && 1 / seconds.peer!));
    const bytes = await peakBytesOf(import.meta.url, index);
    rows.push(costRow(`${name}, peak memory`, 'MB', bytes / 1e6, 'PyTorch', peerBytes && peerBytes / 1e6));
  }
  return rows;
}

/** Three steps of a plan, for peak-memory.ts. */
export async function alone(index: number): Promise<void> {
  const device = await openCpu();
  const step = training(device, PLANS[index]!);
  for (let i = 0; i < 3; i++) await step();
  await device.close();
}
