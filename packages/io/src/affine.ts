/**
 * Voxel-to-world matrices. World is RAS+ in millimetres, as in NIfTI and nibabel: x to the patient's right, y to the front, z up.
 * DICOM, NRRD and MetaImage use LPS+; their readers flip the first two rows.
 */

export type Vector3 = readonly [number, number, number];

/** 4×4, row by row; takes the voxel (x, y, z, 1), in file order, to millimetres. The last row is 0, 0, 0, 1. */
// biome-ignore format: a matrix reads best as one
export type Affine = readonly [
  number, number, number, number,
  number, number, number, number,
  number, number, number, number,
  number, number, number, number,
];

/** The columns of the upper left 3×3: the world step of one voxel along x, y and z. */
export function affineColumns(affine: Affine): readonly [Vector3, Vector3, Vector3] {
  return [
    [affine[0], affine[4], affine[8]],
    [affine[1], affine[5], affine[9]],
    [affine[2], affine[6], affine[10]],
  ];
}

/** DICOM, NRRD and MetaImage say LPS+: left and back are positive. The same step or position in RAS+, and back. */
export function flipLps([x, y, z]: Vector3): Vector3 {
  return [x === 0 ? 0 : -x, y === 0 ? 0 : -y, z];
}

export function affineFromColumns(x: Vector3, y: Vector3, z: Vector3, origin: Vector3): Affine {
  return [x[0], y[0], z[0], origin[0], x[1], y[1], z[1], origin[1], x[2], y[2], z[2], origin[2], 0, 0, 0, 1];
}

/** World position of voxel (0, 0, 0), in mm. */
export function affineOrigin(affine: Affine): Vector3 {
  return [affine[3], affine[7], affine[11]];
}

/** Lengths of the columns in array order, [z, y, x], in mm. Sheared images aside, this is the spacing. */
export function affineSpacing(affine: Affine): Vector3 {
  const [x, y, z] = affineColumns(affine);
  return [Math.hypot(...z), Math.hypot(...y), Math.hypot(...x)];
}

/** Unit vectors of the x, y and z axes in the world. */
export function affineDirection(affine: Affine): readonly [Vector3, Vector3, Vector3] {
  const [x, y, z] = affineColumns(affine);
  return [unit(x), unit(y), unit(z)];
}

export function unit(vector: Vector3): Vector3 {
  const length = Math.hypot(...vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}

export function determinant3(affine: Affine): number {
  const [[a, d, g], [b, e, h], [c, f, i]] = affineColumns(affine);
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/** True where the matrix is finite and can be inverted: no axis has length 0 and the axes span the space. */
export function isInvertible(affine: Affine): boolean {
  if (!affine.every(Number.isFinite)) return false;
  const [z, y, x] = affineSpacing(affine);
  const volume = x * y * z;
  return volume > 0 && Math.abs(determinant3(affine)) > 1e-6 * volume;
}

/** Largest difference of two matrices, in mm. */
export function affineDifference(a: Affine, b: Affine): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

/**
 * Where the voxel axes point, as nibabel's `aff2axcodes`: three of R/L, A/P, S/I for the x, y and z axis.
 * Axes are matched greedily, the largest direction cosine first.
 */
export function axisCodes(affine: Affine): string {
  const direction = affineDirection(affine);
  const names = [
    ['L', 'R'],
    ['P', 'A'],
    ['I', 'S'],
  ] as const;
  const codes = ['', '', ''];
  const pairs = [0, 1, 2].flatMap((axis) =>
    [0, 1, 2].map((world) => ({ axis, world, cosine: direction[axis]![world]! })),
  );
  pairs.sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine));
  const taken = new Set<number>();
  for (const { axis, world, cosine } of pairs) {
    if (codes[axis] !== '' || taken.has(world)) continue;
    codes[axis] = names[world]![cosine < 0 ? 0 : 1];
    taken.add(world);
  }
  return codes.join('');
}
