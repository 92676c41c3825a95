/**
 * Which affine a NIfTI header means. The rule is nibabel's `get_best_affine`: sform if its code is set, else qform if its code is
 * set, else voxel sizes with the centre of the volume at the origin and x flipped (the Analyze convention).
 */
import {
  type Affine,
  affineColumns,
  affineOrigin,
  affineSpacing,
  determinant3,
  isInvertible,
  type Vector3,
} from '../affine.ts';
import { type NiftiHeader, refuse } from './header.ts';

/** Spacing [z, y, x] and affine of a header. Throws 'format' where the affine is not finite or cannot be inverted. */
export function headerGeometry(header: NiftiHeader, file: string): { spacing: Vector3; affine: Affine } {
  const affine = bestAffine(header, file);
  if (!isInvertible(affine)) {
    const source = header.sformCode > 0 ? 'sform' : header.qformCode > 0 ? 'qform' : 'pixdim';
    throw refuse(
      file,
      'an affine that can be inverted',
      `${source} ${affine.slice(0, 12).join(' ')}`,
      'repair the header',
    );
  }
  const [, x, y, z] = header.pixdim;
  return { spacing: [z!, y!, x!], affine };
}

function bestAffine(header: NiftiHeader, file: string): Affine {
  if (header.sformCode > 0) {
    const [a, b, c, d, e, f, g, h, i, j, k, l] = header.sform;
    return [a!, b!, c!, d!, e!, f!, g!, h!, i!, j!, k!, l!, 0, 0, 0, 1];
  }
  if (header.qformCode > 0) return qformAffine(header, file);
  const [, sx, sy, sz] = header.pixdim as [number, number, number, number];
  const [nx = 1, ny = 1, nz = 1] = header.dim;
  // biome-ignore format: a matrix reads best as one
  return [
    -sx, 0, 0, ((nx - 1) / 2) * sx,
    0, sy, 0, (-(ny - 1) / 2) * sy,
    0, 0, sz, (-(nz - 1) / 2) * sz,
    0, 0, 0, 1,
  ];
}

function qformAffine(header: NiftiHeader, file: string): Affine {
  const [b, c, d] = header.quaternion;
  // nibabel allows w² to come out slightly below 0, by the precision in which the file stores b, c and d.
  const tolerance = 3 * (header.version === 1 ? 2 ** -23 : 2 ** -52);
  const squared = 1 - (b * b + c * c + d * d);
  if (squared < -tolerance || Number.isNaN(squared))
    throw refuse(file, 'a qform quaternion of length 1', `b, c, d = ${b}, ${c}, ${d}`, 'repair the header');
  const a = squared < tolerance ? 0 : Math.sqrt(squared);
  const s = 2 / (a * a + b * b + c * c + d * d);
  const [qfac, sx, sy, sz] = header.pixdim as [number, number, number, number];
  const flipped = sz * qfac;
  const [ox, oy, oz] = header.qoffset;
  // biome-ignore format: a matrix reads best as one
  return [
    (1 - s * (c * c + d * d)) * sx, s * (b * c - a * d) * sy, s * (b * d + a * c) * flipped, ox,
    s * (b * c + a * d) * sx, (1 - s * (b * b + d * d)) * sy, s * (c * d - a * b) * flipped, oy,
    s * (b * d - a * c) * sx, s * (c * d + a * b) * sy, (1 - s * (b * b + c * c)) * flipped, oz,
    0, 0, 0, 1,
  ];
}

/** The qform of an affine; undefined where its axes are not at right angles, which a quaternion cannot say. */
export function affineToQform(affine: Affine) {
  const [z, y, x] = affineSpacing(affine);
  const [cx, cy, cz] = affineColumns(affine);
  const qfac = determinant3(affine) < 0 ? -1 : 1;
  const rx = cx.map((value) => value / x) as [number, number, number];
  const ry = cy.map((value) => value / y) as [number, number, number];
  const rz = cz.map((value) => (value * qfac) / z) as [number, number, number];
  if ([dot(rx, ry), dot(ry, rz), dot(rx, rz)].some((cosine) => Math.abs(cosine) > 1e-5)) return undefined;
  return { quaternion: rotationToQuaternion(rx, ry, rz), qoffset: affineOrigin(affine), qfac };
}

const dot = (a: Vector3, b: Vector3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** b, c, d with a ≥ 0, from the columns of a rotation (nifti1_io.c, `nifti_mat44_to_quatern`). */
function rotationToQuaternion(x: Vector3, y: Vector3, z: Vector3): Vector3 {
  const trace = x[0] + y[1] + z[2];
  if (trace > -0.5) {
    const a = 0.5 * Math.sqrt(trace + 1);
    return [(0.25 * (y[2] - z[1])) / a, (0.25 * (z[0] - x[2])) / a, (0.25 * (x[1] - y[0])) / a];
  }
  const squares = [1 + x[0] - (y[1] + z[2]), 1 + y[1] - (x[0] + z[2]), 1 + z[2] - (x[0] + y[1])] as const;
  const largest = squares.indexOf(Math.max(...squares));
  const root = 0.5 * Math.sqrt(squares[largest]!);
  const quarter = 0.25 / root;
  const [a, b, c, d] =
    largest === 0
      ? [quarter * (y[2] - z[1]), root, quarter * (y[0] + x[1]), quarter * (z[0] + x[2])]
      : largest === 1
        ? [quarter * (z[0] - x[2]), quarter * (y[0] + x[1]), root, quarter * (z[1] + y[2])]
        : [quarter * (x[1] - y[0]), quarter * (z[0] + x[2]), quarter * (z[1] + y[2]), root];
  return a < 0 ? [-b, -c, -d] : [b, c, d];
}
