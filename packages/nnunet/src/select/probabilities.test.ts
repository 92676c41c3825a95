/** Means and decisions that are made piece by piece, against the same made of whole arrays in the plainest way. */
import { encodeNpz, NpzReader, parseLabels, sourceFromBytes } from '@voxelgrad/io';
import { testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { bratsDecision, bratsRules, bratsSegmentation } from '../postprocess/brats.ts';
import { commonShape, decisionOn, meanOfProbabilities, type ProbabilityDecision } from './probabilities.ts';

const shape = [4, 3, 5, 7];
const voxels = 3 * 5 * 7;
/** Few values, so that there are ties and values of exactly one half. */
const models = [1, 2, 3].map((seed) => testValues(shape, seed).map((value) => Math.round(2 * (value + 1)) / 4));

async function readerOf(data: Float32Array, extents = shape): Promise<NpzReader> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeNpz({ probabilities: { shape: extents, data } })) parts.push(part);
  return NpzReader.open(sourceFromBytes(new Uint8Array(Buffer.concat(parts)), 'a.npz'), 'probabilities');
}

async function averaged(all: readonly Float32Array[], length: number | undefined, decision?: ProbabilityDecision) {
  const readers = await Promise.all(all.map((data) => readerOf(data)));
  const found: number[] = [];
  for await (const piece of meanOfProbabilities(readers, commonShape(readers, 'a'), length)) {
    expect(found.length).toBe(piece.channel * voxels + piece.start);
    expect(piece.values.length).toBeLessThanOrEqual(length ?? voxels);
    decision?.add(piece);
    found.push(...piece.values);
  }
  return found;
}

const mean = Float32Array.from(models[0]!, (value, i) =>
  Math.fround(Math.fround(Math.fround(value + models[1]![i]!) + models[2]![i]!) / 3),
);
const at = (voxel: number): number[] => [0, 1, 2, 3].map((c) => mean[c * voxels + voxel]!);

it.each([1, 8, 105, 1000, undefined])('gives the same mean and decisions in pieces of %s voxels', async (length) => {
  const plain = parseLabels({ background: 0, a: 1, b: 2, c: 3 }, undefined, 'test');
  const decision = decisionOn(shape, plain);
  expect(await averaged(models, length, decision)).toEqual([...mean]);
  const largest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
  expect([...decision.segmentation()]).toEqual(Array.from({ length: voxels }, (_, voxel) => largest(at(voxel))));

  const nested = parseLabels({ background: 0, p: [1, 2, 3, 4], q: [2, 3, 4], r: [3, 4], s: 4 }, [1, 2, 3, 4], 'test');
  const painted = decisionOn(shape, nested);
  await averaged(models, length, painted);
  const last = (values: readonly number[]): number => values.findLastIndex((value) => value > 0.5) + 1;
  expect([...painted.segmentation()]).toEqual(Array.from({ length: voxels }, (_, voxel) => last(at(voxel))));
});

it('decides by the rules of BraTS on what came in pieces', () => {
  const labels = parseLabels({ background: 0, whole: [1, 2, 3], core: [2, 3], enhancing: 3 }, [1, 2, 3], 'test');
  const data = mean.slice(0, 3 * voxels);
  const decision = bratsDecision(bratsRules['2021'])([3, 3, 5, 7], labels);
  for (let channel = 0; channel < 3; channel++)
    for (let start = 0; start < voxels; start += 10) {
      const end = Math.min(start + 10, voxels);
      decision.add({ channel, start, values: data.slice(channel * voxels + start, channel * voxels + end) });
    }
  expect(decision.segmentation()).toEqual(bratsSegmentation({ shape: [3, 3, 5, 7], data }, labels, bratsRules['2021']));
});

it('refuses probabilities of other shapes or classes', async () => {
  const readers = [await readerOf(models[0]!), await readerOf(models[0]!, [4, 5, 3, 7])];
  expect(() => commonShape(readers, 'case')).toThrow(
    /probabilities of case: expected \[4, 3, 5, 7\], got \[4, 5, 3, 7\]/,
  );
  const labels = parseLabels({ background: 0, a: 1 }, undefined, 'test');
  expect(() => decisionOn(shape, labels)).toThrow(/expected 2 channels, for the labels of dataset.json, got 4/);
});
