/**
 * What the calling thread does in a training step of a six-stage U-Net: enqueuing it op by op, and replaying it captured. Both only enqueue, so the time of the
 * call is all of it; the queue is empty before. WebGPU runs on the machine's GPU, else on SwiftShader with few channels: the number of commands is the same.
 */
import { deepSupervision, diceAndBinaryCrossEntropy, Sgd } from '@voxelgrad/nn';
import { PlainConvUNet, TrainingStep } from '@voxelgrad/nnunet';
import { type Device, isVoxelgradError, tidy, zeros } from '@voxelgrad/tensor';
import { openCpu, openWebgpu } from '@voxelgrad/tensor/node';
import { type BenchRow, costRow, interleaved } from './measure.ts';

const PATCH = [32, 32, 32] as const;
const CHANNELS = 4;
const REGIONS = 3;
const FEATURES = [32, 64, 128, 256, 320, 320];
/** For a software driver, whose steps take many seconds whatever they are. */
const SMALL = { features: [4, 4, 4, 4, 4, 4], batch: 1, rounds: 2 };
const USUAL = { features: FEATURES, batch: 2, rounds: 9 };

export async function hostWork(): Promise<BenchRow[]> {
  const rows = [await measure(await openCpu(), USUAL)];
  const gpu = await openGpu();
  if (gpu !== undefined) rows.push(await measure(gpu.device, gpu.size));
  return rows;
}

/** The machine's GPU or the software driver that npm brings; undefined, with the reason on stderr, where neither works. */
async function openGpu(): Promise<{ readonly device: Device; readonly size: typeof USUAL } | undefined> {
  try {
    return { device: await openWebgpu({ allowSoftware: false }), size: USUAL };
  } catch (error) {
    if (!isVoxelgradError(error, 'device')) throw error;
  }
  try {
    return { device: await openWebgpu({ driver: 'swiftshader', allowSoftware: true }), size: SMALL };
  } catch (error) {
    if (!isVoxelgradError(error, 'device')) throw error;
    process.stderr.write(`no webgpu: ${error.message}\n`);
    return undefined;
  }
}

async function measure(device: Device, { features, batch: n, rounds }: typeof USUAL): Promise<BenchRow> {
  const network = new PlainConvUNet({ inputChannels: CHANNELS, classes: REGIONS, features, device });
  const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99, nesterov: true });
  const loss = deepSupervision(diceAndBinaryCrossEntropy());
  const step = new TrainingStep({ network, optimizer, loss });
  const batch = () => ({
    image: zeros([n, ...PATCH, CHANNELS], { device }),
    target: zeros([n, ...PATCH, REGIONS], { device }),
  });
  const seconds = await interleaved(
    {
      captured: async () => {
        const next = batch();
        await device.synchronize();
        const start = performance.now();
        const value = (await step.run(next))();
        const elapsed = performance.now() - start;
        await value;
        return elapsed / 1000;
      },
      eager: async () => {
        const { image, target } = batch();
        await device.synchronize();
        const start = performance.now();
        const value = tidy(() => {
          const total = loss(network.forward(image), target);
          total.backward();
          optimizer.step();
          return total.detach();
        });
        const read = value.item();
        const elapsed = performance.now() - start;
        await read;
        for (const tensor of [value, image, target]) tensor.dispose();
        return elapsed / 1000;
      },
    },
    rounds,
  );
  const { commands } = step.memory!;
  for (const owner of [step, optimizer, network]) owner.dispose();
  const name = `host work of a training step, ${device.kind}`;
  const row = costRow(name, 'ms', 1000 * seconds.captured!, 'not captured', 1000 * seconds.eager!);
  const { description } = device;
  await device.close();
  return { ...row, details: { commands, device: description } };
}
