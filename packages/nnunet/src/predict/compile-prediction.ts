/** Compiles what predicting a window needs before the first one: on WebGPU that takes seconds, which so have a progress of their own. */
import { add, type CompileProgress, compile, type Device, flip, noGrad, scale, zeros } from '@voxelgrad/tensor';
import { mirrorCombinations } from '../inference-geometry/mirroring.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';

/** `patch`: extents of a window, two for 2-D networks. `mirrorAxes`: those of space that windows are mirrored along. */
export interface WindowShape {
  readonly patch: readonly number[];
  readonly mirrorAxes: readonly number[];
}

/**
 * Compiles all pipelines of the networks' windows in parallel, without computing anything. Resolves at once on devices that compile nothing. Rejects with the
 * first pipeline that does not compile.
 */
export async function compilePrediction(
  networks: readonly SegmentationNetwork[],
  device: Device,
  { patch, mirrorAxes }: WindowShape,
  onProgress?: CompileProgress,
): Promise<void> {
  await compile(
    device,
    () =>
      noGrad(() => {
        for (const network of networks) {
          const x = zeros([1, ...patch, network.architecture.inputChannels], { device });
          const logits = network.predict(x);
          for (const axes of mirrorCombinations(mirrorAxes))
            if (axes.length > 0)
              for (const mirrored of [x, logits])
                flip(
                  mirrored,
                  axes.map((axis) => axis + 1),
                );
          scale(add(logits, logits), 1);
        }
      }),
    onProgress,
  );
}
