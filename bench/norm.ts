/** Instance norm with LeakyReLU on the cpu device against PyTorch: useful GB/s, which count each value read or written once. */
import { instanceNorm, noGrad, ones, RandomGenerator, tidy, zeros } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, interleaved, rateRow } from './measure.ts';
import { TorchPeer } from './torch-peer.ts';

const CASES = [
  { shape: [2, 40, 56, 40], channels: 16 },
  { shape: [1, 64, 64, 64], channels: 32 },
  { shape: [1, 32, 32, 32], channels: 128 },
  { shape: [1, 8, 8, 8], channels: 320 },
] as const;

export async function norm(): Promise<BenchRow[]> {
  const device = await openCpu();
  const peer = await TorchPeer.start(device.threads);
  const random = new RandomGenerator(1);
  const rows: BenchRow[] = [];
  for (const { shape, channels } of CASES) {
    const x = random.normal([...shape, channels], device).requireGradient();
    const gradient = random.normal(x.shape, device);
    const weight = ones([channels], { device }).requireGradient();
    const bias = zeros([channels], { device }).requireGradient();
    const forward = () => instanceNorm(x, { weight, bias, slope: 0.01 });
    for (const backward of [false, true]) {
      const seconds = await interleaved({
        ours: async () => {
          tidy(() => {
            if (backward) forward().backward(gradient);
            else noGrad(forward);
          });
          await device.synchronize();
          return undefined;
        },
        ...(peer === undefined ? {} : { peer: () => peer.run({ kind: 'norm', shape, channels, backward }) }),
      });
      // Forward: x and y; backward: x, dy and dx.
      const work = x.shape.reduce((product, extent) => product * extent, 4 * (backward ? 5 : 2)) * 1e-9;
      const name = `${channels}@${shape.join('×')} ${backward ? 'forward + backward' : 'forward'}`;
      rows.push(rateRow(name, 'GB/s', work / seconds.ours!, 'PyTorch', peer && work / seconds.peer!));
    }
    for (const tensor of [x, gradient, weight, bias]) tensor.dispose();
  }
  peer?.stop();
  await device.close();
  return rows;
}
