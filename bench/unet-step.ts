/** One training step of nnU-Net on the cpu device against PyTorch: forward, deep supervision with Dice + cross-entropy, backward, clipping, Adam. */
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { fromArray, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, interleaved, rateRow } from './measure.ts';
import { TorchPeer } from './torch-peer.ts';

const PLANS = [
  { name: 'light hippocampus plan (16–128, batch 2)', features: [16, 32, 64, 128], batch: 2, rounds: 7 },
  { name: 'full hippocampus plan (32–256, batch 9)', features: [32, 64, 128, 256], batch: 9, rounds: 2 },
] as const;
const PATCH = [40, 56, 40] as const;
const CLASSES = 3;

export async function unetStep(): Promise<BenchRow[]> {
  const device = await openCpu();
  const peer = await TorchPeer.start(device.threads);
  const rows: BenchRow[] = [];
  for (const { name, features, batch, rounds } of PLANS) {
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
    const step = async (): Promise<undefined> => {
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
    const request = { kind: 'unet_step', features, patch: PATCH, batch, classes: CLASSES };
    const seconds = await interleaved(
      { ours: step, ...(peer === undefined ? {} : { peer: () => peer.run(request) }) },
      rounds,
    );
    rows.push(rateRow(name, 'steps/s', 1 / seconds.ours!, 'PyTorch', peer && 1 / seconds.peer!));
    optimizer.dispose();
    network.dispose();
    x.dispose();
    labels.dispose();
  }
  peer?.stop();
  await device.close();
  return rows;
}
