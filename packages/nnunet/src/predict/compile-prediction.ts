/** Compiles what predicting a window needs before the first one: on WebGPU that takes seconds, which so have a progress of their own. */
import { add, type CompileProgress, compile, type Device, noGrad, scale, zeros } from '@voxelgrad/tensor';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { classifyJoined, joinFeatures, runFor, summandOf } from './summand.ts';
import { copiesTogether, mirror, predictMirrored, windowsTogether } from './window-batches.ts';

/** `patch`: extents of a window, two for 2-D networks. `mirrorAxes`: those of space that windows are mirrored along. `batchSize`: see SlidingWindowOptions. */
export interface WindowShape {
  readonly patch: readonly number[];
  readonly mirrorAxes: readonly number[];
  readonly batchSize?: number | undefined;
}

/**
 * Compiles all pipelines of the networks' windows in parallel, without computing anything. Resolves at once on devices that compile nothing. Rejects with the
 * first pipeline that does not compile.
 */
export async function compilePrediction(
  networks: readonly SegmentationNetwork[],
  device: Device,
  { patch, mirrorAxes, batchSize = 1 }: WindowShape,
  onProgress?: CompileProgress,
): Promise<void> {
  const mirrorings = mirrorCombinations(mirrorAxes);
  const summand = summandOf(networks, 'gaussian');
  const run = runFor(summand);
  await compile(
    device,
    () =>
      noGrad(() => {
        // The last windows of an image may be fewer.
        for (const network of networks)
          for (let windows = windowsTogether(batchSize, mirrorings.length); windows > 0; windows--) {
            const x = zeros([windows, ...patch, network.architecture.inputChannels], { device });
            const copies = copiesTogether(batchSize, windows);
            for (const count of new Set([Math.min(copies, mirrorings.length), mirrorings.length % copies]))
              predictMirrored(
                (some) => run(network, some),
                x,
                mirrorings.slice(0, count),
                batchSize,
                (result) => {
                  for (const axes of mirrorings) for (const mirrored of [x, result]) mirror(mirrored, axes);
                  const mean = scale(add(result, result), 1);
                  if (summand.kind === 'logits of each') network.classify(mean);
                  if (summand.kind === 'features') classifyJoined(networks, joinFeatures(networks.map(() => mean)));
                },
              );
          }
      }),
    onProgress,
  );
}
