/** A small U-Net learns, in the page, where noise is brighter than zero. */
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { argMax, concat, neg, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { type DeviceName, openDevice } from '@voxelgrad/tensor/browser';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const button = element<HTMLButtonElement>('train');
const log = (line: string): void => element('log').append(`${line}\n`);

async function train(deviceName: DeviceName, steps: number): Promise<void> {
  const device = await openDevice(deviceName);
  log(device.description);
  const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [8, 16, 32], device });
  const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
  const loss = deepSupervision(diceAndCrossEntropy());
  const image = new RandomGenerator(1).normal([2, 16, 16, 16, 1], device); // [n, d, h, w, c]
  const label = argMax(concat([neg(image), image], -1), -1); // [n, d, h, w]
  for (let step = 1; step <= steps; step++) {
    const value = tidy(() => {
      const value = loss(network.forward(image), label);
      value.backward();
      optimizer.step();
      return value.detach();
    });
    log(`step ${step}: loss ${(await value.item()).toFixed(3)}`);
    value.dispose();
  }
  await device.close();
}

button.addEventListener('click', async () => {
  button.disabled = true;
  element('log').textContent = '';
  try {
    await train(
      element<HTMLSelectElement>('device').value as DeviceName,
      element<HTMLInputElement>('steps').valueAsNumber,
    );
    log('done');
  } catch (error) {
    log((error as Error).message);
  }
  button.disabled = false;
});
