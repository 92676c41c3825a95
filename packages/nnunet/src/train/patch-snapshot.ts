/**
 * What the network makes of a patch that it is about to be trained on, to be looked at. Taking it changes nothing: no weight, no random number, no bit of the
 * batch. It costs a forward pass of one sample, enqueued before the training step, and is read back while that runs.
 */
import { argMax, fromArray, mul, narrow, noGrad, reshape, sum, type Tensor, tidy } from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../networks/unet.ts';
import type { Batch } from './batch.ts';
import { overZero } from './pseudo-dice.ts';

export interface PatchSnapshot {
  /** [d, h, w]; a patch in the plane has depth 1. */
  readonly shape: readonly [number, number, number];
  readonly channels: number;
  /** `[d, h, w, c]`. */
  readonly image: Float32Array;
  /** `[d, h, w]`: the label of each voxel; with regions, bit _r_ of region _r_. */
  readonly truth: Float32Array;
  readonly prediction: Float32Array;
  /** What the forward pass took on the device. */
  readonly milliseconds: number;
}

/** Regions beyond these are not shown: whole numbers up to 2²⁴ are exact in f32. */
const mostRegions = 24;

/**
 * Enqueues all that is needed and returns without waiting, so that the batch may be used and freed at once. Of the batch the last sample is taken: that one is
 * most likely to hold foreground. With `regions` the target has a channel for each, and where there is an ignore label one more, which becomes the next bit.
 */
export async function takeSnapshot(
  { image, target }: Batch,
  network: SegmentationNetwork,
  regions: boolean,
): Promise<PatchSnapshot> {
  const { sample, before, after } = noGrad(() =>
    tidy(() => {
      const last = (x: Tensor): Tensor => narrow(x, 0, x.shape[0]! - 1, 1);
      const sample = last(image);
      const truth = last(target);
      const before = Promise.all([sample.data(), (regions ? bitsOf(truth) : truth).data()]).then((values) => ({
        values,
        time: performance.now(),
      }));
      // Should what follows throw, nobody waits for these.
      before.catch(() => undefined);
      const logits = network.predict(sample);
      const after = (regions ? bitsOf(overZero(logits)) : argMax(logits, -1)).data();
      return { sample: { space: sample.shape.slice(1, -1), channels: sample.shape.at(-1)! }, before, after };
    }),
  );
  const [{ values, time }, found] = await Promise.all([before, after]);
  const { space, channels } = sample;
  return {
    shape: [space.length === 2 ? 1 : space[0]!, space.at(-2)!, space.at(-1)!],
    channels,
    image: values[0] as Float32Array,
    truth: Float32Array.from(values[1]),
    prediction: Float32Array.from(found),
    milliseconds: performance.now() - time,
  };
}

/** Channels of 0 and 1 → one number, bit _r_ from channel _r_. */
function bitsOf(channels: Tensor): Tensor {
  const count = Math.min(channels.shape.at(-1)!, mostRegions);
  const values = Float32Array.from({ length: count }, (_, r) => 2 ** r);
  const weights = fromArray(values, [count], { device: channels.device });
  return reshape(
    sum(mul(narrow(channels, -1, 0, count), weights), { axes: [channels.shape.length - 1] }),
    channels.shape.slice(0, -1),
  );
}
