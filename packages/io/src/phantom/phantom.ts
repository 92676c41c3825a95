/**
 * Made-up brain-tumour cases that look like BraTS from a distance: four sequences and a segmentation, one seed for everything.
 * For examples, tests and benches that need a data set and may not ship one. Not for claims about patients.
 *
 * Made so that a threshold cannot solve it and a small network can: see bench/phantom-threshold.ts for the first.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Affine } from '../affine.ts';
import type { Image } from '../image.ts';
import { makeBrain, type Shape3 } from './anatomy.ts';
import { type Modality, modalities, renderModality, segmentation } from './contrast.ts';
import { addLesions } from './lesion.ts';
import { hostRandom } from './random.ts';

export interface PhantomOptions {
  readonly seed: number;
  /** [z, y, x], 16 or more each; [48, 64, 64] by default, [155, 240, 240] is BraTS. */
  readonly shape?: Shape3;
}

export interface PhantomCase {
  readonly name: string;
  readonly images: Readonly<Record<Modality, Image<Int16Array>>>;
  readonly label: Image<Uint8Array>;
}

export const defaultPhantomShape: Shape3 = [48, 64, 64];

const contrast = { noise: 0.08, bias: 0.1, spread: 0.07 };

/** Case number `index` of a seed: always the same. 1 mm voxels, in the orientation of BraTS. */
export function makePhantomCase(index: number, { seed, shape = defaultPhantomShape }: PhantomOptions): PhantomCase {
  if (
    shape.some((extent) => !Number.isInteger(extent) || extent < 16) ||
    !Number.isInteger(seed) ||
    !Number.isInteger(index)
  )
    throw new VoxelgradError('option', {
      what: 'phantom',
      expected: 'whole numbers: a seed, an index and extents of 16 or more',
      got: `seed ${seed}, index ${index}, shape [${shape.join(', ')}]`,
    });
  const brain = makeBrain(shape, hostRandom(seed, index, 0));
  addLesions(brain, shape, hostRandom(seed, index, 1));
  const affine: Affine = [-1, 0, 0, 0, 0, -1, 0, shape[1] - 1, 0, 0, 1, 0, 0, 0, 0, 1];
  const geometry = { shape, spacing: [1, 1, 1], affine } as const;
  const entries = modalities.map((modality, i) => {
    const data = renderModality(brain.tissues, shape, modality, hostRandom(seed, index, 2 + i), contrast);
    return [modality, { ...geometry, data }] as const;
  });
  return {
    name: `BraTS-PHANTOM-${String(index).padStart(5, '0')}-000`,
    images: Object.fromEntries(entries) as unknown as Record<Modality, Image<Int16Array>>,
    label: { ...geometry, data: segmentation(brain.tissues) },
  };
}
