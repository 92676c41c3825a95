/** Pseudo Dice by hand: a few voxels whose counts are plain to see, with and without an ignore label. */
import { type Device, fromArray } from '@voxelgrad/tensor';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { PseudoDice } from './pseudo-dice.ts';

describeOnEach('pseudo Dice on $name', ({ open }) => {
  /** Six voxels in a row; each predicted class gets the largest logit. */
  const labelled = (device: Device, predicted: readonly number[], truth: readonly number[]) => ({
    logits: fromArray(
      predicted.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 3 : -1))),
      [1, 1, 1, 6, 3],
      { device },
    ),
    target: fromArray(Int32Array.from(truth), [1, 1, 1, 6], { device }),
  });

  const diceOf = async (dice: PseudoDice, { logits, target }: ReturnType<typeof labelled>): Promise<number[]> => {
    dice.add(logits, target);
    dice.add(logits, target);
    logits.dispose();
    target.dispose();
    return dice.take();
  };

  it('sums over batches, class by class', async () => {
    const device = await open();
    const found = await diceOf(new PseudoDice(false), labelled(device, [0, 1, 1, 2, 0, 1], [0, 1, 2, 2, 1, 1]));
    expect(found).toEqual([4 / 6, 2 / 3].map((value) => expect.closeTo(value, 6)));
  });

  it('does not count voxels of the ignore label', async () => {
    const device = await open();
    // Class 1: right at voxel 1, predicted where voxel 2 is ignored, missed at voxel 4.
    const found = await diceOf(new PseudoDice(false, 3), labelled(device, [0, 1, 1, 2, 0, 3], [0, 1, 3, 2, 1, 3]));
    expect(found).toEqual([2 / 3, 1].map((value) => expect.closeTo(value, 6)));
  });

  it('does not count ignored voxels of regions, which the last channel marks', async () => {
    const device = await open();
    const logits = fromArray([1, -1, 1, 1, -1, 1, 1, 1], [1, 1, 1, 4, 2], { device });
    const target = fromArray([1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1], [1, 1, 1, 4, 3], { device });
    // Region 0: predicted at voxels 0 and 1 of the three that count, true at 0, 1 and 2. Region 1: predicted at 1 and 2, true at 2.
    const found = await diceOf(new PseudoDice(true, 4), { logits, target });
    expect(found).toEqual([4 / 5, 2 / 3].map((value) => expect.closeTo(value, 6)));
  });
});
