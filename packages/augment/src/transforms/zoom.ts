/**
 * Zooming in: the middle of a patch is cut and scaled up to the patch (NVIDIA DeepLearningExamples, nnUNet, data_loading/dali_loader.py: zoom_fn).
 * Images are interpolated by cubic convolution with a = −0.5, as DALI has it, labels take the nearest voxel.
 */
import { concat, fromArray, gather, interpolate, narrow, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { applyCrop } from './crop.ts';
import type { Range } from './multiplier.ts';
import { drawSamples, joinPatches } from './samples.ts';
import { onLabels, type Patches, type Transform } from './transform.ts';

/** Scales the middle `sizes[n]` voxels of each sample up to the whole; undefined leaves the sample as it is. */
export function applyZoom(patches: Patches, sizes: readonly (Triple | undefined)[]): Patches {
  const space = patches.label.shape.slice(1) as unknown as Triple;
  return tidy(() => {
    const samples = sizes.map((size, n): Patches => {
      const sample = { image: narrow(patches.image, 0, n, 1), ...onLabels(patches, (label) => narrow(label, 0, n, 1)) };
      if (size === undefined) return sample;
      const cut = applyCrop(sample, size);
      return {
        image: interpolate(cut.image, space, { mode: 'catmull-rom' }),
        ...onLabels(cut, (label) => nearestVoxels(label, space)),
      };
    });
    return joinPatches(samples, (parts) => concat(parts, 0));
  });
}

/** `[n, d, h, w]` at another size, by the nearest voxel to each centre. */
function nearestVoxels(label: Tensor, size: Triple): Tensor {
  return size.reduce((result, edge, axis) => {
    const extent = result.shape[axis + 1]!;
    const index = Int32Array.from({ length: edge }, (_, i) =>
      Math.min(extent - 1, Math.floor((i + 0.5) * (extent / edge))),
    );
    return gather(result, fromArray(index, [edge], { device: label.device }), axis + 1);
  }, label);
}

export interface ZoomSettings {
  readonly probability: number;
  /** The share of each edge that is kept. */
  readonly scale: Range;
  /** Keeps the depth. */
  readonly inPlane: boolean;
}

export function zoom({ probability = 0.15, scale = [0.7, 1], inPlane = false }: Partial<ZoomSettings> = {}): Transform {
  return {
    name: 'zoom',
    draw(random, { samples, size }) {
      const drawn = drawSamples(random, samples, probability);
      if (drawn.length === 0) return undefined;
      const sizes = new Array<Triple | undefined>(samples).fill(undefined);
      for (const sample of drawn) {
        const share = random.uniform(...scale);
        const cut = (axis: number): number => Math.max(1, Math.round(size[axis]! * share));
        sizes[sample] = [inPlane ? size[0] : cut(0), cut(1), cut(2)];
      }
      return (patches) => applyZoom(patches, sizes);
    },
  };
}
