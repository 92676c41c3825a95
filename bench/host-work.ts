/**
 * What the calling thread does in a training step of a six-stage U-Net: enqueuing it op by op, and replaying it captured. Both only enqueue, so the time of the
 * call is all of it; the queue is empty before. WebGPU is the machine's GPU, else Dawn's null backend, which checks and encodes everything and runs nothing.
 */
import { deepSupervision, diceAndBinaryCrossEntropy, Sgd } from '@voxelgrad/nn';
import { PlainConvUNet, TrainingStep } from '@voxelgrad/nnunet';
import { type Device, isVoxelgradError, tidy, zeros } from '@voxelgrad/tensor';
import { openCpu, openWebgpu } from '@voxelgrad/tensor/node';
import { nodeShaders } from '../packages/tensor/src/device/webgpu/node-shaders.ts';
import { openWebgpu as openOn } from '../packages/tensor/src/device/webgpu/open.ts';
import { type BenchRow, costRow, interleaved } from './measure.ts';

const PATCH = [32, 32, 32] as const;
const CHANNELS = 4;
const REGIONS = 3;
/** Half of nnU-Net's: the null backend has little memory. The number of commands is the same. */
const FEATURES = [16, 32, 64, 128, 160, 160];
const BATCH = 2;
const ROUNDS = 9;

/** Held for as long as the process lives, as node-gpu.ts says. */
let nullGpu: GPU | undefined;

export async function hostWork(): Promise<BenchRow[]> {
  const rows = [await measure(await openCpu())];
  const gpu = await openGpu();
  if (gpu !== undefined) rows.push(await measure(gpu));
  return rows;
}

/** The machine's GPU, or Dawn's null backend; undefined, with the reason on stderr, where there is no WebGPU at all. */
async function openGpu(): Promise<Device | undefined> {
  try {
    return await openWebgpu({ allowSoftware: false });
  } catch (error) {
    if (!isVoxelgradError(error, 'device')) throw error;
  }
  try {
    const { create } = await import('webgpu');
    nullGpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    return await openOn({ gpu: nullGpu, shaders: nodeShaders(), allowSoftware: true });
  } catch (error) {
    process.stderr.write(`no webgpu: ${String(error)}\n`);
    return undefined;
  }
}

async function measure(device: Device): Promise<BenchRow> {
  const network = new PlainConvUNet({ inputChannels: CHANNELS, classes: REGIONS, features: FEATURES, device });
  const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99, nesterov: true });
  const loss = deepSupervision(diceAndBinaryCrossEntropy());
  const step = new TrainingStep({ network, optimizer, loss });
  const batch = () => ({
    image: zeros([BATCH, ...PATCH, CHANNELS], { device }),
    target: zeros([BATCH, ...PATCH, REGIONS], { device }),
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
    ROUNDS,
  );
  const { commands } = step.memory!;
  for (const owner of [step, optimizer, network]) owner.dispose();
  const name = `host work of a training step, ${device.kind}`;
  const row = costRow(name, 'ms', 1000 * seconds.captured!, 'not captured', 1000 * seconds.eager!);
  const { description } = device;
  await device.close();
  return { ...row, details: { commands, device: description } };
}
