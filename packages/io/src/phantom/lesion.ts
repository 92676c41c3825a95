/**
 * Tumours of the phantom, as nested irregular blobs: necrotic core (label 1), enhancing rim around it (3), oedema around both (2).
 * A blob is an ellipsoid whose distance is disturbed by smooth noise; oedema keeps to white matter more than to cortex and never enters
 * a ventricle.
 */
import { type Anatomy, type Shape3, tissue } from './anatomy.ts';
import type { HostRandom } from './random.ts';
import { smoothNoise } from './smooth-noise.ts';

/** One to three tumours, written over the tissues. */
export function addLesions({ tissues, depth }: Anatomy, shape: Shape3, random: HostRandom): void {
  const extent = Math.cbrt(shape[0] * shape[1] * shape[2]);
  const chance = random.uniform();
  const count = chance < 0.65 ? 1 : chance < 0.92 ? 2 : 3;
  for (let i = 0; i < count; i++) {
    const radius = extent * (i === 0 ? random.between(0.11, 0.17) : random.between(0.07, 0.11));
    addLesion(tissues, depth, shape, radius, random);
  }
}

function addLesion(tissues: Uint8Array, depth: Float32Array, shape: Shape3, radius: number, random: HostRandom): void {
  const [nz, ny, nx] = shape;
  const centre = lesionCentre(depth, shape, random);
  const stretch = stretched(random);
  const halo = random.between(1.4, 1.85);
  const rim = Math.max(random.between(0.25, 0.5), 2 / radius);
  const surface = smoothNoise(shape, 0.8 * radius, random);
  const spread = smoothNoise(shape, 0.9 * radius, random);
  const thickness = smoothNoise(shape, 0.7 * radius, random);
  const reach = 2.6 * halo * radius;
  const range = (axis: number, n: number) =>
    [Math.max(0, Math.floor(centre[axis]! - reach)), Math.min(n, Math.ceil(centre[axis]! + reach))] as const;
  const [z0, z1] = range(0, nz);
  const [y0, y1] = range(1, ny);
  const [x0, x1] = range(2, nx);
  for (let z = z0; z < z1; z++)
    for (let y = y0; y < y1; y++)
      for (let x = x0; x < x1; x++) {
        const i = (z * ny + y) * nx + x;
        if (tissues[i] === tissue.outside) continue;
        const distance = stretch(z - centre[0]!, y - centre[1]!, x - centre[2]!) / radius;
        const core = distance * (1 + 0.14 * surface[i]!);
        if (core < 1) {
          const inner = 1 - rim * (1 + 0.35 * thickness[i]!);
          tissues[i] = core < inner ? tissue.necrosis : tissue.enhancing;
        } else if (depth[i]! < 0.84 && isOedema(tissues[i]!, distance * (1 + 0.16 * spread[i]!), halo))
          tissues[i] = tissue.oedema;
      }
}

/** Oedema follows white matter: cortex stops it earlier, fluid and other tumours at once. */
function isOedema(here: number, distance: number, halo: number): boolean {
  if (here === tissue.fluid || here === tissue.necrosis || here === tissue.enhancing) return false;
  return distance < (here === tissue.grey ? 0.85 * halo : halo);
}

function lesionCentre(depth: Float32Array, shape: Shape3, random: HostRandom): readonly [number, number, number] {
  for (;;) {
    const place = shape.map((n) => random.index(n)) as [number, number, number];
    const [z, y, x] = place;
    if (depth[(z * shape[1] + y) * shape[2] + x]! < 0.72) return place;
  }
}

/** Length of (z, y, x) in an ellipsoid's own measure: up to 1.35 times longer than wide, turned about z. */
function stretched(random: HostRandom): (z: number, y: number, x: number) => number {
  const angle = Math.PI * random.uniform();
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [a, b, c] = [0, 0, 0].map(() => random.between(0.85, 1.15)) as [number, number, number];
  return (z, y, x) => Math.sqrt((a * (cos * x + sin * y)) ** 2 + (b * (cos * y - sin * x)) ** 2 + (c * z) ** 2);
}
