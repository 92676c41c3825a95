/** A small U-Net learns, in the page, to outline tumours in made-up brains, and shows what it finds in one that it has not seen. */
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet } from '@voxelgrad/nnunet';
import { argMax, type Device, noGrad, tidy } from '@voxelgrad/tensor';
import { type DeviceName, openDevice } from '@voxelgrad/tensor/browser';
import { batchOf, type Case, diceOf, largestSlice, makeCase } from './cases.ts';
import { drawSlice } from './picture.ts';

const TRAINING_CASES = 8;
/** Steps between two looks at the unseen case. */
const LOOK_EVERY = 10;

const element = <T extends Element>(id: string): T => document.getElementById(id) as unknown as T;
const button = element<HTMLButtonElement>('train');
const stop = element<HTMLButtonElement>('stop');
const progress = element<HTMLProgressElement>('progress');
const status = element<HTMLElement>('status');
const log = (line: string): void => element('log').append(`${line}\n`);

const unseen = makeCase(TRAINING_CASES);
const slice = largestSlice(unseen);
let stopping = false;

function show(message: string, failed = false): void {
  status.textContent = message;
  status.classList.toggle('failed', failed);
}

function showFound(mask: ArrayLike<number>): void {
  drawSlice(element('prediction'), unseen, mask, slice);
  element('dice').textContent =
    `Overlap with the true one in the whole volume: ${diceOf(mask, unseen.label).toFixed(2)} of 1 (Dice).`;
}

/** From a loss of 1.5, at the top, to −1, which is perfect. */
function showLosses(losses: readonly number[], steps: number): void {
  const points = losses.map((loss, i) => {
    const [x, y] = [(100 * i) / Math.max(1, steps - 1), 40 * (1.5 - loss)];
    return `${x},${Math.min(98, Math.max(2, y))}`;
  });
  element('losses').setAttribute('points', points.join(' '));
}

async function train(device: Device, steps: number): Promise<void> {
  const cases: Case[] = Array.from({ length: TRAINING_CASES }, (_, i) => makeCase(i));
  const network = new PlainConvUNet({ inputChannels: 4, classes: 2, features: [8, 16, 32], device });
  const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
  const loss = deepSupervision(diceAndCrossEntropy());
  const look = async (): Promise<void> => {
    const found = tidy(() => noGrad(() => argMax(network.predict(batchOf([unseen], device).image), -1)));
    showFound(await found.data());
    found.dispose();
  };
  const losses: number[] = [];
  const start = performance.now();
  for (let step = 1; step <= steps && !stopping; step++) {
    const value = tidy(() => {
      const { image, label } = batchOf([cases[step % TRAINING_CASES]!], device);
      const value = loss(network.forward(image), label);
      value.backward();
      optimizer.step();
      return value.detach();
    });
    losses.push(await value.item());
    value.dispose();
    log(`step ${step}: loss ${losses.at(-1)!.toFixed(3)}`);
    showLosses(losses, steps);
    progress.value = step / steps;
    const left = ((performance.now() - start) / step) * (steps - step);
    show(`Step ${step} of ${steps}, about ${Math.ceil(left / 1000)} s left.`);
    if (step % LOOK_EVERY === 0) await look();
  }
  await look();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  show(`${stopping ? 'Stopped' : 'Done'} after ${losses.length} steps in ${seconds} s.`);
}

async function run(deviceName: DeviceName, steps: number): Promise<void> {
  element('log').textContent = '';
  showFound(new Uint8Array(unseen.label.length));
  show('Starting …');
  const device = await openDevice(deviceName);
  try {
    log(device.description);
    await train(device, steps);
  } finally {
    await device.close();
  }
}

element<HTMLFormElement>('settings').addEventListener('submit', async (event) => {
  event.preventDefault();
  [button.disabled, stop.disabled, stopping] = [true, false, false];
  progress.value = 0;
  try {
    await run(
      element<HTMLSelectElement>('device').value as DeviceName,
      element<HTMLInputElement>('steps').valueAsNumber,
    );
  } catch (error) {
    show((error as Error).message, true);
    log((error as Error).message);
  }
  [button.disabled, stop.disabled] = [false, true];
});
stop.addEventListener('click', () => {
  stopping = true;
  show('Stopping after this step …');
});

drawSlice(element('truth'), unseen, unseen.label, slice);
showFound(new Uint8Array(unseen.label.length));
element('dice').textContent = '';
