/** A stored case goes into a sampler as it is: the same patches, to the bit, as from a case in memory, of which only chunks are read. */
import {
  ArrayCase,
  allocatePatches,
  HostRandom,
  RandomPatches,
  readPatches,
  TimeSlice,
  type TrainingCase,
} from '@voxelgrad/augment';
import { CaseMemory, ChunkCache, openCase, storeCase } from '@voxelgrad/io';
import type { Triple } from '@voxelgrad/tensor';
import { expect, it } from 'vitest';

const shape: Triple = [20, 26, 17];
const voxels = shape[0] * shape[1] * shape[2];
const image = Float32Array.from({ length: voxels * 2 }, (_, i) => Math.cos(i * 0.7));
const label = Int16Array.from({ length: voxels }, (_, i) => (i % 5) - 1);
const classLocations = [{ labels: [3], voxels: Uint32Array.of(4, 99, voxels - 1) }];
const patchSize: Triple = [8, 10, 12];

async function patches(source: TrainingCase) {
  const sampler = new RandomPatches({ cases: [source], batchSize: 6, patchSize, initialPatchSize: [12, 14, 12] });
  const host = allocatePatches(6, sampler.initialPatchSize, 2);
  await readPatches(sampler.draw(new HostRandom(5)), host, new TimeSlice());
  return host;
}

it('patches of a stored case are those of a case in memory', async () => {
  const memory = new CaseMemory();
  await storeCase(memory, { shape, channels: 2, data: image, seg: label, classLocations }, { patchSize });
  const inMemory = new ArrayCase({ name: 'a', shape, channels: 2, image, label, classLocations });
  const expected = await patches(inMemory);
  for (const cache of [new ChunkCache(0), new ChunkCache(20_000)])
    expect(await patches(await openCase(memory, { cache }))).toEqual(expected);
});
