import { fromArray, sigmoid, softmax, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { binaryCrossEntropy, crossEntropy } from './cross-entropy.ts';
import { diceLoss } from './dice.ts';
import { binaryFocalLoss, focalLoss, tverskyLoss } from './focal.ts';
import { diceAndBinaryCrossEntropy, oneHot } from './segmentation.ts';

const SHAPE = [2, 3, 4, 2, 3] as const;

describeOnEach('losses for rare classes on $name', ({ open }) => {
  const batch = async (): Promise<{ logits: Tensor; target: Tensor; labels: number[]; values: Float32Array }> => {
    const device = await open();
    const values = testValues(SHAPE, 9).map((value) => 2 * value);
    const labels = Array.from({ length: values.length / 3 }, (_, i) => (i * 7) % 3);
    const target = oneHot(fromArray(Int32Array.from(labels), SHAPE.slice(0, 4), { device }), 3);
    return { logits: fromArray(values, SHAPE, { device }), target, labels, values };
  };

  it('focal: its definition, and cross-entropy where gamma is 0', async () => {
    const { logits, target, labels, values } = await batch();
    const terms = labels.map((label, voxel) => {
      const row = [...values.subarray(3 * voxel, 3 * voxel + 3)].map(Math.exp);
      const p = row[label]! / (row[0]! + row[1]! + row[2]!);
      return -((1 - p) ** 2) * Math.log(p);
    });
    const expected = terms.reduce((sum, term) => sum + term, 0) / terms.length;
    expectClose([await focalLoss(logits, target, 2).item()], [expected], { rtol: 1e-5 });
    expectClose([await focalLoss(logits, target, 0).item()], [await crossEntropy(logits, target).item()], {
      rtol: 1e-5,
    });
  });

  it('focal: no gradient, rather than none that is a number, where a voxel is certain', async () => {
    const device = await open();
    const logits = fromArray([200, 0, 1, 0], [2, 2], { device }).requireGradient();
    const target = fromArray([1, 0, 1, 0], [2, 2], { device });
    tidy(() => focalLoss(logits, target, 0.5).backward());
    const [sure, , unsure] = await logits.gradient!.data();
    expect(Math.abs(sure!)).toBe(0);
    // d/dx of −√(1 − p) · ln p at p = σ(x), over two voxels: p′ = p (1 − p).
    const p = 1 / (1 + Math.exp(-1));
    const slope = (0.5 / Math.sqrt(1 - p)) * Math.log(p) - Math.sqrt(1 - p) / p;
    expectClose([unsure!], [(slope * p * (1 - p)) / 2], { rtol: 1e-4 });
    for (const tensor of [logits, target]) tensor.dispose();
  });

  it.each([0.5, 1, 2])('focal of voxels that are certain is 0, and so is its gradient: gamma %f', async (gamma) => {
    const device = await open();
    const logits = fromArray([200, 0, 0, 0, 200, 0], [2, 3], { device }).requireGradient();
    const target = fromArray([1, 0, 0, 0, 1, 0], [2, 3], { device });
    const loss = tidy(() => {
      const loss = focalLoss(logits, target, gamma);
      loss.backward();
      return loss.detach();
    });
    expectClose([await loss.item()], [0], { rtol: 0, atol: 0 });
    expectClose(await logits.gradient!.data(), [0, 0, 0, 0, 0, 0], { rtol: 0, atol: 0 });
    for (const tensor of [logits, target, loss]) tensor.dispose();
  });

  it('binary focal: its definition in double precision, with and without a mask, and cross-entropy where gamma is 0', async () => {
    const device = await open();
    const values = testValues(SHAPE, 4).map((value) => 6 * value);
    const truth = Float32Array.from(values, (_, i) => ((i * 5) % 3 === 0 ? 1 : 0));
    const counts = Float32Array.from({ length: values.length / 3 }, (_, i) => (i % 4 === 0 ? 0 : 1));
    const term = (i: number): number => {
      const p = 1 / (1 + Math.exp(truth[i] === 1 ? -values[i]! : values[i]!));
      return -((1 - p) ** 2) * Math.log(p);
    };
    const all = Array.from(values, (_, i) => term(i));
    const total = all.reduce((sum, one) => sum + one, 0);
    const masked = all.reduce((sum, one, i) => sum + one * counts[Math.floor(i / 3)]!, 0);
    const [logits, target] = [fromArray(values, SHAPE, { device }), fromArray(truth, SHAPE, { device })];
    const mask = fromArray(counts, [...SHAPE.slice(0, 4), 1], { device });
    expectClose([await binaryFocalLoss(logits, target).item()], [total / values.length], { rtol: 1e-5 });
    const counted = counts.reduce((sum, one) => sum + one, 0);
    expectClose([await binaryFocalLoss(logits, target, mask).item()], [masked / counted], { rtol: 1e-5 });
    const plain = await binaryCrossEntropy(logits, target, mask).item();
    expectClose([await binaryFocalLoss(logits, target, mask, 0).item()], [plain], { rtol: 1e-5 });

    const dice = { batchDice: true, smooth: 0 };
    const compound = await diceAndBinaryCrossEntropy({ ...dice, focalGamma: 2 })(logits, target).item();
    const overlap = await diceLoss(sigmoid(logits), target, { batch: true, background: true, smooth: 0 }).item();
    expectClose([compound], [overlap + total / values.length], { rtol: 1e-5 });
    for (const tensor of [logits, target, mask]) tensor.dispose();
  });

  it('binary focal: finite, with the slope of its definition, from the surely right to the surely wrong', async () => {
    const device = await open();
    const values = [200, 3, 0, -3, -200];
    const logits = fromArray(values, [5, 1], { device }).requireGradient();
    const target = fromArray([1, 1, 1, 1, 1], [5, 1], { device });
    tidy(() => binaryFocalLoss(logits, target).backward());
    // d/dx of −(1 − p)² ln p at p = σ(x), over five voxels: (1 − p)² (2 p ln p − (1 − p)).
    const expected = values.map((x) => {
      const [p, q] = [1 / (1 + Math.exp(-x)), 1 / (1 + Math.exp(x))];
      return (q * q * (2 * (p === 0 ? 0 : p * Math.log(p)) - q)) / 5;
    });
    expectClose(await logits.gradient!.data(), expected, { rtol: 1e-4, atol: 1e-7 });
    for (const tensor of [logits, target]) tensor.dispose();
  });

  it('Tversky: Dice where both weights are a half, precision and recall where one is 0', async () => {
    const { logits, target, labels } = await batch();
    const probabilities = softmax(logits);
    const half = await tverskyLoss(probabilities, target, { smooth: 0 }).item();
    expectClose([half], [await diceLoss(probabilities, target, { smooth: 0 }).item()], { rtol: 1e-5 });

    const p = await probabilities.data();
    const [precision, recall] = [[] as number[], [] as number[]];
    for (let sample = 0; sample < 2; sample++)
      for (let c = 0; c < 3; c++) {
        const voxels = labels.map((_, voxel) => voxel).slice(sample * 24, (sample + 1) * 24);
        const total = (counts: (voxel: number) => boolean): number =>
          voxels.reduce((sum, voxel) => sum + (counts(voxel) ? p[3 * voxel + c]! : 0), 0);
        const overlap = total((voxel) => labels[voxel] === c);
        precision.push(overlap / total(() => true));
        recall.push(overlap / voxels.filter((voxel) => labels[voxel] === c).length);
      }
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expectClose(
      [await tverskyLoss(probabilities, target, { alpha: 1, beta: 0, smooth: 0 }).item()],
      [-mean(precision)],
      { rtol: 1e-5 },
    );
    expectClose([await tverskyLoss(probabilities, target, { alpha: 0, beta: 1, smooth: 0 }).item()], [-mean(recall)], {
      rtol: 1e-5,
    });
  });
});
