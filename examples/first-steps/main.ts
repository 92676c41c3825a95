import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { argMax, concat, neg, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { openDevice } from '@voxelgrad/tensor/node';

const device = await openDevice('auto'); // a GPU if there is one, else the CPU
const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [8, 16, 32], device });
const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
const loss = deepSupervision(diceAndCrossEntropy());
const image = new RandomGenerator(1).normal([2, 32, 32, 32, 1], device); // [n, d, h, w, c]
const label = argMax(concat([neg(image), image], -1), -1); // where is the image brighter than zero? [n, d, h, w]
for (let step = 1; step <= 30; step++) {
  const value = tidy(() => {
    const value = loss(network.forward(image), label);
    value.backward();
    optimizer.step();
    return value.detach();
  });
  if (step % 10 === 0) console.log(`step ${step}: loss ${(await value.item()).toFixed(3)}`);
}
await device.close();
