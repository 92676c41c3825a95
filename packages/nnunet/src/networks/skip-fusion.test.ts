/** Encoder outputs added to the decoder instead of concatenated with it: by the equation that ties the two, in the export, and in memory. */
import { deepSupervision, diceAndCrossEntropy, Sgd } from '@voxelgrad/nn';
import { type Device, fromArray, zeros } from '@voxelgrad/tensor';
import { openPlanning } from '@voxelgrad/tensor/node';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { onnxGraphOf } from '../model-folder/export-onnx.ts';
import { TrainingStep } from '../train/training-step.ts';
import { type SkipFusion, skipFusions } from './architecture.ts';
import { PlainConvUNet } from './plain-conv-unet.ts';
import { ResidualEncoderUNet } from './residual-encoder-unet.ts';

const settings = { inputChannels: 1, classes: 3, features: [4, 6, 8], seed: 3 };
const SHAPE = [1, 8, 8, 8, 1];

describeOnEach('additive fusion on $name', ({ open }) => {
  it.each([PlainConvUNet, ResidualEncoderUNet])(
    'is concatenation with the same weights for both halves: %s',
    async (Network) => {
      const device: Device = await open();
      const [added, joined] = [
        new Network({ ...settings, skipFusion: 'add', device }),
        new Network({ ...settings, device }),
      ];
      const source = new Map(added.namedParameters());
      for (const [name, parameter] of joined.namedParameters()) {
        const values = await source.get(name)!.data();
        if (values.length === parameter.size) parameter.write(values);
        else {
          // [kd, kh, kw, cin, cout]: W · (up + skip) = [W W] · [up skip].
          const [cin, cout] = source.get(name)!.shape.slice(-2) as [number, number];
          const doubled = Float32Array.from({ length: parameter.size }, (_, i) => {
            const [tap, place] = [Math.floor(i / (2 * cin * cout)), i % (cin * cout)];
            return values[tap * cin * cout + place]!;
          });
          parameter.write(doubled);
        }
      }
      const image = fromArray(testValues(SHAPE, 7), SHAPE, { device });
      const [a, b] = [added.forward(image), joined.forward(image)];
      expect(a.map(({ shape }) => shape)).toEqual([
        [1, 8, 8, 8, 3],
        [1, 4, 4, 4, 3],
      ]);
      for (const [i, output] of a.entries())
        expectClose(await output.data(), await b[i]!.data(), { rtol: 1e-4, atol: 1e-4 });
      for (const owner of [...a, ...b, image, added, joined]) owner.dispose();
    },
  );
});

it('is an addition in ONNX', async () => {
  const device = await openPlanning();
  const operators = (skipFusion: SkipFusion): string[] =>
    onnxGraphOf(new PlainConvUNet({ ...settings, skipFusion, device })).nodes.map(({ operator }) => operator);
  const [joined, added] = skipFusions.map(operators) as [string[], string[]];
  expect(joined.filter((operator) => operator === 'Concat')).toHaveLength(2);
  expect(added).toEqual(joined.map((operator) => (operator === 'Concat' ? 'Add' : operator)));
  await device.close();
});

it('takes less memory to train, as planned', async () => {
  const device = await openPlanning();
  const arena = async (skipFusion: SkipFusion): Promise<number> => {
    const network = new PlainConvUNet({ ...settings, features: [16, 32, 64], skipFusion, device });
    const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99 });
    const step = new TrainingStep({ network, optimizer, loss: deepSupervision(diceAndCrossEntropy()) });
    const target = zeros([1, 32, 32, 32], { device, dtype: 'i32' });
    await step.run({ image: zeros([1, 32, 32, 32, 1], { device }), target });
    return step.memory!.arenaBytes;
  };
  expect(await arena('add')).toBeLessThan(0.98 * (await arena('concatenate')));
  await device.close();
});

it('is refused by any other name', async () => {
  const device = await openPlanning();
  const skipFusion = 'multiply' as SkipFusion;
  expect(() => new PlainConvUNet({ ...settings, skipFusion, device })).toThrow(
    /skipFusion: expected concatenate or add, got multiply/,
  );
  await device.close();
});
