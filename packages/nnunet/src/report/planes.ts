/**
 * Three orthogonal slices through a volume, turned as radiologists look at them: seen from the feet or from the front, the patient's right on the left of
 * the picture, anterior or superior on top; in the sagittal plane anterior on the left.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

/** One slice: which array axes run down and across the picture, and whether backwards. */
export interface Plane {
  readonly name?: 'axial' | 'coronal' | 'sagittal';
  /** The array axis (0 = z, 1 = y, 2 = x) that stands on the plane. */
  readonly normal: number;
  readonly down: number;
  readonly across: number;
  readonly flipDown: boolean;
  readonly flipAcross: boolean;
  /** Where the picture's top and left side lie in the patient: one of R L A P S I. */
  readonly top?: string;
  readonly left?: string;
}

/** That of a photograph, which lies in no patient: as it is in its file. */
export const imagePlane: Plane = { normal: 0, down: 1, across: 2, flipDown: false, flipAcross: false };

/** Per plane: the pair of directions across it, and what belongs on top and on the left. */
const views = [
  { name: 'axial', normal: 'SI', top: 'A', left: 'R' },
  { name: 'coronal', normal: 'AP', top: 'S', left: 'R' },
  { name: 'sagittal', normal: 'RL', top: 'S', left: 'A' },
] as const;

const pairs = ['RL', 'AP', 'SI'];

/**
 * The three planes of a volume [z, y, x] whose voxel axes x, y, z point to `directions`, as `axisCodes` names them ('RAS', 'LPS'). Throws 'option' when
 * these are not three directions in space.
 */
export function anatomicalPlanes(directions: string): Required<Plane>[] {
  // Array axes run the other way round: z, y, x.
  const codes = [...directions].reverse();
  if (codes.length !== 3 || !pairs.every((pair) => codes.some((code) => pair.includes(code))))
    throw new VoxelgradError('option', {
      what: 'directions of the voxel axes',
      expected: 'one each of R/L, A/P and S/I',
      got: `'${directions}'`,
    });
  const axisOf = (direction: string): number =>
    codes.findIndex((code) => pairs.some((pair) => pair.includes(code) && pair.includes(direction)));
  return views.map(({ name, normal, top, left }) => {
    const [down, across] = [axisOf(top), axisOf(left)];
    // An axis that points to where the picture begins must run backwards.
    const [flipDown, flipAcross] = [codes[down] === top, codes[across] === left];
    return { name, normal: axisOf(normal[0]!), down, across, flipDown, flipAcross, top, left };
  });
}

/** Those that show something: of one slice the plane that it lies in, of a volume all. */
export function visiblePlanes(planes: readonly Plane[], shape: readonly number[]): readonly Plane[] {
  const flat = planes.filter(({ normal }) => shape[normal] === 1);
  return flat.length > 0 ? flat : planes;
}

/** A part of a volume [z, y, x]: first voxel and extent on each axis. */
export interface View {
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** Reads one slice of a volume [z, y, x] in picture order; only what lies in `view`. */
export class Slice {
  readonly plane: Plane;
  readonly rows: number;
  readonly columns: number;
  readonly #view: View;
  readonly #strides: readonly [number, number, number];
  readonly #start: number;

  /** `index`: which slice of the volume, counted in the volume. */
  constructor(plane: Plane, shape: readonly number[], view: View, index: number) {
    this.plane = plane;
    this.rows = view.shape[plane.down]!;
    this.columns = view.shape[plane.across]!;
    this.#view = view;
    this.#strides = [shape[1]! * shape[2]!, shape[2]!, 1];
    this.#start = index * this.#strides[plane.normal]!;
  }

  /** Position in the volume's array. */
  voxel(row: number, column: number): number {
    const { down, across, flipDown, flipAcross } = this.plane;
    const y = this.#view.start[down]! + (flipDown ? this.rows - 1 - row : row);
    const x = this.#view.start[across]! + (flipAcross ? this.columns - 1 - column : column);
    return this.#start + y * this.#strides[down]! + x * this.#strides[across]!;
  }
}

/** The box around all voxels counted, `context` mm larger on every side where the volume reaches so far; all of the volume where there are none. */
export function viewAround(counts: readonly Float64Array[], spacing: readonly number[], context: number): View {
  const ranges = counts.map((slices, axis) => {
    const [first, last] = [slices.findIndex((count) => count > 0), slices.findLastIndex((count) => count > 0)];
    const voxels = context / spacing[axis]!;
    if (first < 0) return [0, slices.length] as const;
    return [Math.max(0, Math.floor(first - voxels)), Math.min(slices.length, Math.ceil(last + 1 + voxels))] as const;
  });
  return { start: ranges.map(([from]) => from), shape: ranges.map(([from, to]) => to - from) };
}
