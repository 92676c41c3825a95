/**
 * The healthy brain of the phantom: an ellipsoid with an irregular surface, a cortical ribbon around white matter with deep grey
 * nuclei, sulci, two lateral ventricles, and two things that look like tumour to anyone who sees only one voxel: caps of bright white
 * matter on the ventricles (as small-vessel disease makes them) and vessels that take up contrast.
 */
import type { HostRandom } from './random.ts';
import { smoothNoise } from './smooth-noise.ts';

export type Shape3 = readonly [number, number, number];

/** What a voxel is made of; the index into the table of contrasts. */
export const tissue = {
  outside: 0,
  fluid: 1,
  grey: 2,
  white: 3,
  cap: 4,
  vessel: 5,
  oedema: 6,
  necrosis: 7,
  enhancing: 8,
} as const;

export const tissueCount = 9;

export interface Anatomy {
  /** Values of `tissue`, [z, y, x]. */
  readonly tissues: Uint8Array;
  /** 0 at the centre of the brain, 1 at its surface. */
  readonly depth: Float32Array;
}

export function makeBrain(shape: Shape3, random: HostRandom): Anatomy {
  const [nz, ny, nx] = shape;
  const extent = Math.cbrt(nz * ny * nx);
  const outline = smoothNoise(shape, 0.16 * extent, random);
  const folds = smoothNoise(shape, 0.07 * extent, random);
  const nuclei = smoothNoise(shape, 0.12 * extent, random);
  const centre = shape.map((n) => (n - 1) / 2 + random.between(-0.02, 0.02) * n);
  const radius = shape.map((n) => n * random.between(0.42, 0.47));
  const ventricle = random.between(0.7, 1.25);
  const cortex = random.between(0.16, 0.24);
  const sulci = random.between(1, 1.5);
  const tissues = new Uint8Array(nz * ny * nx);
  const depth = new Float32Array(nz * ny * nx);

  let i = 0;
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++) {
        const w = (z - centre[0]!) / radius[0]!;
        const v = (y - centre[1]!) / radius[1]!;
        const u = (x - centre[2]!) / radius[2]!;
        const r = Math.sqrt(u * u + v * v + w * w) * (1 + 0.045 * outline[i]!);
        depth[i] = r;
        if (r >= 1) continue;
        const lateral = ventricleDistance(Math.abs(u), v, w) / ventricle + 0.1 * folds[i]!;
        tissues[i] = healthyTissue(r, lateral, { u, w, fold: folds[i]!, deep: nuclei[i]!, cortex, sulci });
      }
  return { tissues, depth };
}

/** Under 1 inside either lateral ventricle, which are mirror images. */
function ventricleDistance(u: number, v: number, w: number): number {
  const across = (u - 0.14 - 0.18 * v * v) / 0.085;
  return Math.sqrt(across * across + ((v + 0.05) / 0.42) ** 2 + ((w - 0.08) / 0.2) ** 2);
}

interface Place {
  readonly u: number;
  readonly w: number;
  readonly fold: number;
  readonly deep: number;
  readonly cortex: number;
  readonly sulci: number;
}

function healthyTissue(r: number, lateral: number, { u, w, fold, deep, cortex, sulci }: Place): number {
  if (lateral < 1) return deep > 1.3 ? tissue.vessel : tissue.fluid;
  if (lateral < 1.35 && deep > 0.8) return tissue.cap;
  const midline = Math.abs(u) < 0.035;
  if (midline && r > 0.82) return w > 0.1 ? tissue.vessel : tissue.fluid;
  if (r > 0.88 && fold < -0.8) return tissue.vessel;
  if (r > 0.8 && fold > sulci) return tissue.fluid;
  if (r > 0.88 && deep > -0.6) return tissue.cap;
  if (r > 1 - cortex - 0.07 * fold) return tissue.grey;
  return r < 0.55 && deep < -1.1 ? tissue.grey : tissue.white;
}
