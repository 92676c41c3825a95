/** Resampling of images and segmentations against the official functions, on every device. */
import { type Device, fromArray, type Triple } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { fixtureFolder, numbersOf } from '../evaluate/fixtures.testing.ts';
import type { ResamplingArguments } from '../plan/plans.ts';
import { resampledShape } from '../plan/target-spacing.ts';
import { resampleLabels } from './resample-labels.ts';
import { resamplingOf } from './resampling.ts';
import { separateAxis } from './separate-axis.ts';

const fixtures = fixtureFolder('resample');

type Attrs = ResamplingArguments & {
  readonly new_shape: Triple;
  readonly current_spacing: number[];
  readonly new_spacing: number[];
};

const ofOp = (op: string) => (fixtures.missing ? [] : fixtures.casesOf<Attrs>(op));
const cases = [...ofOp('resample_data_or_seg_to_shape'), ...ofOp('resample_torch_fornnunet')];

/** `[c, d, h, w]` → one array for each channel. */
function channelsOf(
  tensors: ReturnType<typeof fixtures.tensorsOf>,
  name: string,
): { space: Triple; planes: number[][] } {
  const { shape } = tensors.get(name)!;
  const values = numbersOf(tensors.get(name));
  const size = values.length / shape[0]!;
  return {
    space: shape.slice(1) as unknown as Triple,
    planes: Array.from({ length: shape[0]! }, (_, c) => values.slice(c * size, (c + 1) * size)),
  };
}

describe('as the official functions', lacking(fixtures.missing), () => {
  it('make shapes', () => {
    type Row = { old_shape: number[]; old_spacing: number[]; new_spacing: number[]; new_shape: number[] };
    const { table } = fixtures.casesOf<{ table: Row[] }>('compute_new_shape')[0]!.attrs;
    for (const { old_shape, old_spacing, new_spacing, new_shape } of table)
      expect(resampledShape(old_shape, old_spacing, new_spacing)).toEqual(new_shape);
  });
});

describeOnEach('as the official functions on $name', lacking(fixtures.missing), ({ open }) => {
  it.each(cases.filter(({ attrs }) => attrs.is_seg))('segmentations: $name', async (one) => {
    const device: Device = await open();
    const { new_shape, current_spacing, new_spacing } = one.attrs;
    const tensors = fixtures.tensorsOf(one);
    const [input, expected] = [channelsOf(tensors, 'data'), channelsOf(tensors, 'out')];
    for (const [c, plane] of input.planes.entries()) {
      const x = fromArray(Int32Array.from(plane), [1, ...input.space], { device });
      const out = resamplingOf(one.op).labels(x, new_shape, current_spacing, new_spacing, one.attrs);
      expect(await out.data()).toEqual(Int32Array.from(expected.planes[c]!));
      for (const tensor of new Set([x, out])) tensor.dispose();
    }
  });

  it.each(cases.filter(({ attrs }) => !attrs.is_seg))('images: $name', async (one) => {
    const device: Device = await open();
    const { new_shape, current_spacing, new_spacing } = one.attrs;
    const tensors = fixtures.tensorsOf(one);
    const [input, expected] = [channelsOf(tensors, 'data'), channelsOf(tensors, 'out')];
    for (const [c, plane] of input.planes.entries()) {
      const x = fromArray(plane, [1, ...input.space, 1], { device });
      const out = resamplingOf(one.op).data(x, new_shape, current_spacing, new_spacing, one.attrs);
      expectClose(await out.data(), expected.planes[c]!, one.tolerance as { rtol: number; atol: number });
      for (const tensor of new Set([x, out])) tensor.dispose();
    }
  });
});

describe('separateAxis', () => {
  it.each<[number[], number[], boolean | null, number | undefined]>([
    [[1, 1, 1], [1, 1, 1], null, undefined],
    [[3, 1, 1], [3, 1, 1], null, undefined],
    [[3.1, 1, 1], [1, 1, 1], null, 0],
    [[1, 1, 1], [1, 3.1, 1], null, 1],
    [[5, 5, 1], [1, 1, 1], null, undefined],
    [[5, 1, 1], [1, 1, 1], false, undefined],
    [[1, 1, 2], [5, 1, 1], true, 2],
    [[1, 1, 1], [5, 1, 1], true, undefined],
  ])('%j to %j, forced: %j', (current, target, force, axis) => {
    expect(separateAxis(current, target, force)).toBe(axis);
  });
});

describeOnEach('resampleLabels on $name', ({ open }) => {
  async function resampled(labels: readonly number[], shape: Triple, size: Triple, target: number[]) {
    const x = fromArray(Int32Array.from(labels), [1, ...shape], { device: await open() });
    const out = resampleLabels(x, size, [1, 1, 1], target);
    const values = [...(await out.data())];
    for (const tensor of [x, out]) tensor.dispose();
    return values;
  }

  it('leaves background where no label has half of a voxel', async () => {
    // One voxel from three: all of the middle one. Two voxels: a third of each neighbour's share is missing.
    expect(await resampled([1, 2, 3], [1, 1, 3], [1, 1, 1], [1, 1, 3])).toEqual([2]);
    expect(await resampled([1, 2, 3], [1, 1, 3], [1, 1, 2], [1, 1, 1.5])).toEqual([1, 3]);
    expect(await resampled([1, 2, 3, 4], [1, 2, 2], [1, 1, 1], [1, 2, 2])).toEqual([0]);
    expect(await resampled([2, 1], [1, 1, 2], [1, 1, 1], [1, 1, 2])).toEqual([2]);
  });

  it('refuses splines', async () => {
    const x = fromArray(Int32Array.of(2, 1), [1, 1, 1, 2], { device: await open() });
    expect(() => resampleLabels(x, [1, 1, 1], [1, 1, 1], [1, 1, 2], { order: 3 })).toThrow(/order 0 or 1/);
    x.dispose();
  });
});

it('refuses unknown functions', () => {
  expect(() => resamplingOf('mine')).toThrow(/expected resample_data_or_seg_to_shape, .*got mine/);
});
