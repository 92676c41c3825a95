/**
 * Slices to a volume: sorted by where they are, never by their numbers or names, and refused where they are not one: other sizes or directions, two
 * images in one place, a slice that is missing, a tilted gantry. A silent mistake here moves a segmentation in the patient.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type Affine, affineFromColumns, flipLps, type Vector3 } from '../affine.ts';
import type { Slice } from './frames.ts';

export interface SliceStack {
  /** Ascending along the normal, which is row × column. */
  readonly slices: readonly Slice[];
  /** [z, y, x] in mm. */
  readonly spacing: Vector3;
  readonly affine: Affine;
}

/** Directions may differ by this much (scanners round), distances by this share of the distance between slices. */
const directionTolerance = 1e-4;
const distanceTolerance = 0.02;

/** `what` names the series. Throws 'dataset'. */
export function stackSlices(unsorted: readonly Slice[], what: string): SliceStack {
  const first = unsorted[0]!;
  for (const slice of unsorted) checkAlike(slice, first, what);
  const normal = cross(first.rowDirection, first.columnDirection);
  const slices = unsorted.toSorted((a, b) => dot(a.position, normal) - dot(b.position, normal));
  const step = slices.length === 1 ? singleStep(first, normal) : evenStep(slices, normal, what);
  const [rowSpacing, columnSpacing] = first.pixelSpacing;
  const affine = affineFromColumns(
    flipLps(scaled(first.rowDirection, columnSpacing)),
    flipLps(scaled(first.columnDirection, rowSpacing)),
    flipLps(step),
    flipLps(slices[0]!.position),
  );
  return { slices, spacing: [Math.hypot(...step), rowSpacing, columnSpacing], affine };
}

function checkAlike(slice: Slice, first: Slice, what: string): void {
  const { rows, columns } = slice.format;
  const refuse = (expected: string, got: string) =>
    new VoxelgradError('dataset', {
      what: `${what} is not one volume`,
      expected: `${expected}, as in ${first.source.path}`,
      got: `${got} in ${slice.source.path}`,
      help: 'keep the files of one volume in the folder (localizers and other scans may share a series)',
    });
  if (rows !== first.format.rows || columns !== first.format.columns)
    throw refuse(`slices of ${first.format.columns} × ${first.format.rows}`, `${columns} × ${rows}`);
  const directions = (of: Slice) => [...of.rowDirection, ...of.columnDirection];
  if (differ(directions(slice), directions(first), directionTolerance))
    throw refuse(`orientation ${shown(directions(first))}`, shown(directions(slice)));
  if (differ(slice.pixelSpacing, first.pixelSpacing, 1e-3 * first.pixelSpacing[0]))
    throw refuse(`pixel spacing ${first.pixelSpacing.join(', ')}`, slice.pixelSpacing.join(', '));
}

/** The step from slice to slice. Every slice must lie where equal steps put it. */
function evenStep(slices: readonly Slice[], normal: Vector3, what: string): Vector3 {
  const count = slices.length;
  const steps = slices.slice(1).map((slice, i) => minus(slice.position, slices[i]!.position));
  const distances = steps.map((step) => dot(step, normal));
  const usual = median(distances);
  distances.forEach((distance, i) => {
    const [before, after] = [slices[i]!, slices[i + 1]!];
    if (distance < 1e-3 || distance < 0.1 * usual) throw samePlace(before, after, what);
    if (Math.abs(distance - usual) > Math.max(distanceTolerance * usual, 1e-3))
      throw gap(before, after, distance, usual, what);
  });
  const whole = minus(slices[count - 1]!.position, slices[0]!.position);
  const step = scaled(whole, 1 / (count - 1));
  slices.forEach(({ position, source }, i) => {
    const away = minus(position, plus(slices[0]!.position, scaled(step, i)));
    if (Math.hypot(...away) > Math.max(3 * distanceTolerance * usual, 1e-2))
      throw new VoxelgradError('dataset', {
        what,
        expected: 'slices on a straight line',
        got: `${source.path} beside it`,
      });
  });
  const along = scaled(normal, dot(step, normal));
  if (Math.hypot(...minus(step, along)) > 5e-3 * usual)
    throw new VoxelgradError('dataset', {
      what,
      expected: 'slices stacked at right angles',
      got: `slices shifted by ${Math.hypot(...minus(step, along)).toPrecision(3)} mm each: the gantry was tilted`,
      help: 'correct the tilt first, for example with dcm2niix',
    });
  return step;
}

function samePlace(before: Slice, after: Slice, what: string): VoxelgradError {
  const tags = Object.keys({ ...before.distinction, ...after.distinction }) as (keyof Slice['distinction'])[];
  const differing = tags.filter((tag) => before.distinction[tag] !== after.distinction[tag]);
  const shownTags = differing.map((tag) => `${tag} ${before.distinction[tag]} and ${after.distinction[tag]}`);
  return new VoxelgradError('dataset', {
    what,
    expected: 'one image for each place',
    got: `${before.source.path} and ${after.source.path} at ${shown(before.position)}${
      shownTags.length === 0 ? '' : `, with ${shownTags.join(', ')}`
    }`,
    help: 'the series holds several volumes (times, echoes, reconstructions) or a file twice; keep one of them in the folder',
  });
}

function gap(before: Slice, after: Slice, distance: number, usual: number, what: string): VoxelgradError {
  const missing = Math.round(distance / usual) - 1;
  return new VoxelgradError('dataset', {
    what:
      missing >= 1
        ? `${what} lacks ${missing} slice${missing === 1 ? '' : 's'}`
        : `slices of ${what} are unevenly spaced`,
    expected: `${usual.toPrecision(5)} mm from slice to slice`,
    got: `${distance.toPrecision(5)} mm from ${before.source.path} to ${after.source.path}`,
    help: missing >= 1 ? 'copy the series again, whole' : 'resample it to even slices first',
  });
}

/** A slice that is alone is as far from the next as it is thick. */
const singleStep = ({ thickness }: Slice, normal: Vector3): Vector3 => scaled(normal, thickness > 0 ? thickness : 1);

const dot = (a: Vector3, b: Vector3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vector3, b: Vector3): Vector3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const plus = (a: Vector3, b: Vector3): Vector3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const scaled = (a: Vector3, factor: number): Vector3 => [a[0] * factor, a[1] * factor, a[2] * factor];
const cross = (a: Vector3, b: Vector3): Vector3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const differ = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
  a.some((value, i) => Math.abs(value - b[i]!) > tolerance);
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
const shown = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(6))).join(', ');
