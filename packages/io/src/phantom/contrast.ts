/**
 * From tissues to the intensities of four MR sequences: contrast, uneven tissue, partial volume, bias field, Rician noise and scale.
 * The means are drawn anew for each case around the table below, and wider than the gaps in it, so that no threshold fits two cases.
 */
import { type Shape3, tissue, tissueCount } from './anatomy.ts';
import type { HostRandom } from './random.ts';
import { smoothNoise } from './smooth-noise.ts';

export const modalities = ['t1n', 't1c', 't2w', 't2f'] as const;
export type Modality = (typeof modalities)[number];

/** Mean intensity by tissue, in the order of `tissue`; white matter on T1 is near 1. */
// biome-ignore format: a table
const means: Readonly<Record<Modality, readonly number[]>> = {
  //    outside fluid  grey  white   cap vessel oedema necrosis enhancing
  t1n: [0,      0.35,  0.74,  0.98,  0.73, 0.70,  0.72,   0.50,     0.70],
  t1c: [0,      0.35,  0.77,  1.00,  0.75, 1.42,  0.74,   0.52,     1.42],
  t2w: [0,      1.35,  0.85,  0.66,  1.10, 0.98,  1.12,   1.25,     0.98],
  t2f: [0,      0.35,  0.82,  0.70,  1.22, 1.08,  1.22,   0.84,     1.10],
};

export interface ContrastOptions {
  /** Standard deviation of the noise, where white matter on T1 is 1. */
  readonly noise: number;
  /** Standard deviation of the logarithm of the bias field. */
  readonly bias: number;
  /** Spread of the tissue means from case to case. */
  readonly spread: number;
}

export function renderModality(
  tissues: Uint8Array,
  shape: Shape3,
  modality: Modality,
  random: HostRandom,
  { noise, bias, spread }: ContrastOptions,
): Int16Array {
  const extent = Math.cbrt(shape[0] * shape[1] * shape[2]);
  const table = means[modality].map((mean) => mean * (1 + spread * random.between(-1, 1)));
  const field = smoothNoise(shape, 0.45 * extent, random);
  const texture = smoothNoise(shape, 0.05 * extent, random);
  const clean = new Float32Array(tissues.length);
  for (let i = 0; i < clean.length; i++) clean[i] = table[tissues[i]!]! * (1 + 0.05 * texture[i]!);
  const blurred = blur(clean, shape);

  const scale = random.between(250, 1200);
  const image = new Int16Array(tissues.length);
  for (let i = 0; i < image.length; i++) {
    if (tissues[i] === tissue.outside) continue;
    const signal = blurred[i]! * Math.exp(bias * field[i]!);
    const real = signal + noise * random.normal();
    const imaginary = noise * random.normal();
    image[i] = Math.max(1, Math.round(scale * Math.sqrt(real * real + imaginary * imaginary)));
  }
  return image;
}

/** Weights ¼, ½, ¼ along each axis: voxels at a border hold both tissues. The volume's faces stay as they are. */
function blur(volume: Float32Array, shape: Shape3): Float32Array {
  const strides = [shape[1] * shape[2], shape[2], 1] as const;
  let from = volume;
  for (const [axis, stride] of strides.entries()) {
    const to = from.slice();
    for (let i = 0; i < to.length; i++) {
      const position = Math.floor(i / stride) % shape[axis]!;
      if (position === 0 || position === shape[axis]! - 1) continue;
      to[i] = 0.25 * from[i - stride]! + 0.5 * from[i]! + 0.25 * from[i + stride]!;
    }
    from = to;
  }
  return from;
}

/** BraTS labels of tissues, in the convention of 2023: 1 necrosis, 2 oedema, 3 enhancing. */
export function segmentation(tissues: Uint8Array): Uint8Array {
  const labels = new Uint8Array(tissueCount);
  labels[tissue.necrosis] = 1;
  labels[tissue.oedema] = 2;
  labels[tissue.enhancing] = 3;
  return tissues.map((value) => labels[value]!);
}
