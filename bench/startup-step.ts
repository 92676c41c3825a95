/** The process that startup.ts starts: opens the cpu device, makes a network, does one training step, tells its parent. */
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet, TrainingStep } from '@voxelgrad/nnunet';
import { fromArray, RandomGenerator } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';

export const LIGHT_PLAN = { features: [16, 32, 64, 128], patch: [40, 56, 40], batch: 2, classes: 3 };

async function firstStep(): Promise<number> {
  const { features, patch, batch, classes } = LIGHT_PLAN;
  const device = await openCpu();
  const network = new PlainConvUNet({ inputChannels: 1, classes, features, device });
  const optimizer = new Adam(network.parameters(), { learningRate: 1e-3, maximumNorm: 12 });
  const step = new TrainingStep({ network, optimizer, loss: deepSupervision(diceAndCrossEntropy()) });
  const voxels = batch * patch.reduce((product, extent) => product * extent, 1);
  const labels = Int32Array.from({ length: voxels }, (_, i) => i % classes);
  const loss = await step.run({
    image: new RandomGenerator(1).normal([batch, ...patch, 1], device),
    target: fromArray(labels, [batch, ...patch], { device }),
  });
  return loss();
}

if (process.send !== undefined && process.argv[1]?.endsWith('startup-step.ts')) {
  process.send(await firstStep());
  process.disconnect();
}
