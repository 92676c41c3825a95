import { type Device, fromArray, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { describeOnBoth, describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { batchRandom } from '../random/batch-random.ts';
import { HostRandom } from '../random/host-random.ts';
import { nnunetTrainingTransforms, validationTransforms } from '../recipes/nnunet.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { collectClassLocations } from '../sampling/class-locations.ts';
import { OrderedPatches } from '../sampling/ordered-patches.ts';
import { RandomPatches } from '../sampling/patch-sampler.ts';
import { allocatePatches, readPatches } from '../sampling/read-patches.ts';
import { TimeSlice } from '../sampling/time-slice.ts';
import { ArrayCase, type ArrayCaseSettings } from '../sampling/training-case.ts';
import { applyCrop } from '../transforms/crop.ts';
import { withoutDefects } from '../transforms/previous-stage.ts';
import { applySpatial, drawAffine } from '../transforms/spatial.ts';
import { type Batch, TrainingBatches } from './training-batches.ts';

/** A smooth image in two channels and a label in blocks, −1 at the rim. */
function smoothCase(name: string, shape: Triple, seed: number): ArrayCaseSettings {
  const voxels = shape[0] * shape[1] * shape[2];
  const phase = testValues([4], seed);
  const image = new Float32Array(voxels * 2);
  const label = new Int16Array(voxels);
  for (let z = 0, i = 0; z < shape[0]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[2]; x++, i++) {
        image[2 * i] = Math.sin(0.4 * z + phase[0]!) + Math.cos(0.3 * y + phase[1]!);
        image[2 * i + 1] = Math.sin(0.35 * x + phase[2]!) - 0.02 * y;
        const rim = Math.min(z, y, x) < 1;
        label[i] = rim ? -1 : (Math.floor(z / 4) + Math.floor(y / 5) + Math.floor(x / 6)) % 3;
      }
  const classLocations = collectClassLocations(label, [[1], [2]], new HostRandom(seed));
  return { name, shape, channels: 2, image, label, classLocations };
}

const smooth = [smoothCase('a', [20, 22, 18], 1), smoothCase('b', [14, 30, 21], 2)];
const cases = smooth.map((settings) => new ArrayCase(settings));
const patchSize: Triple = [8, 12, 10];
const nnunet = nnunetTrainingTransforms({ patchSize, maskedChannels: [true, false] });

function batchesOn(
  device: Device,
  recipe: Recipe,
  options: { seed?: number; batchSize?: number; regions?: number[][]; ignoreLabel?: number } = {},
): TrainingBatches {
  const { seed = 5, batchSize = 3, ...rest } = options;
  const sampler = new RandomPatches({ cases, batchSize, patchSize, initialPatchSize: recipe.initialPatchSize });
  return new TrainingBatches({ sampler, recipe, device, seed, ...rest });
}

/** Values of a batch, which is freed. */
async function take(batch: Promise<Batch>): Promise<{ image: Float32Array; target: Float32Array; shapes: string[] }> {
  const { image, target } = await batch;
  const values = { image: Float32Array.from(await image.data()), target: Float32Array.from(await target.data()) };
  const shapes = [image, target].map(({ dtype, shape }) => `${dtype} ${shape.join(' ')}`);
  image.dispose();
  target.dispose();
  return { ...values, shapes };
}

describeOnEach('TrainingBatches on $name', ({ open }) => {
  it('gives the same bits for an index, in any order, also in a new run; others for another seed or index', async () => {
    const device = await open();
    const first = batchesOn(device, nnunet);
    const ahead = [first.prepare(0), first.prepare(1), first.prepare(2)];
    const [zero, one, two] = await Promise.all(ahead.map(take));
    const resumed = batchesOn(device, nnunet);
    expect(await take(resumed.prepare(2))).toEqual(two);
    expect(await take(resumed.prepare(0))).toEqual(zero);
    expect(one!.image).not.toEqual(two!.image);
    expect((await take(batchesOn(device, nnunet, { seed: 6 }).prepare(2))).image).not.toEqual(two!.image);
    expect(two!.shapes).toEqual(['f32 3 8 12 10 2', 'i32 3 8 12 10']);
    expect([...new Set(two!.target)].sort()).toEqual([0, 1, 2]);
  });

  it('leaves no memory behind', async () => {
    const device = await open();
    const batches = batchesOn(device, nnunet);
    const before = device.memory().buffers;
    for (let index = 0; index < 12; index++) await take(batches.prepare(index));
    expect(device.memory().buffers).toBe(before);
  });

  it('reads only the middle of samples that do not move, and gets what whole patches would give', async () => {
    const device = await open();
    const recipe: Recipe = { ...nnunet, spatial: { ...nnunet.spatial!, rotationProbability: 0.5 }, transforms: [] };
    const batches = batchesOn(device, recipe);
    let moved = 0;
    for (let index = 0; index < 4; index++) {
      const got = await take(batches.prepare(index));
      const { host } = batchRandom(5, index);
      const sampler = new RandomPatches({ cases, batchSize: 3, patchSize, initialPatchSize: recipe.initialPatchSize });
      const places = sampler.draw(host);
      const affines = places.map(() => drawAffine(host, recipe.spatial!));
      const whole = allocatePatches(3, recipe.initialPatchSize, 2);
      await readPatches(places, whole, new TimeSlice());
      const [voxels, kept] = [whole.label.length / 3, got.target.length / 3];
      for (const [n, affine] of affines.entries()) {
        const space = recipe.initialPatchSize;
        const alone = (part: 'image' | 'label'): Tensor =>
          tidy(() => {
            const patches = {
              image: fromArray(whole.image.subarray(n * voxels * 2, (n + 1) * voxels * 2), [1, ...space, 2], {
                device,
              }),
              label: fromArray(whole.label.subarray(n * voxels, (n + 1) * voxels), [1, ...space], { device }),
            };
            if (affine === undefined) return applyCrop(patches, patchSize)[part];
            return applySpatial(patches, { affines: [affine], size: patchSize, labels: [-1, 0, 1, 2] })[part];
          });
        const [image, label] = [alone('image'), alone('label')];
        expect(got.image.slice(n * kept * 2, (n + 1) * kept * 2)).toEqual(await image.data());
        expect(got.target.slice(n * kept, (n + 1) * kept)).toEqual(Float32Array.from(await label.data()));
        image.dispose();
        label.dispose();
        if (affine !== undefined) moved++;
      }
    }
    expect(moved).toBeGreaterThan(2);
    expect(moved).toBeLessThan(10);
  });

  it('keeps images 0 where the case is masked, in masked channels', async () => {
    const device = await open();
    const recipe = { ...nnunet, transforms: nnunet.transforms.filter(({ name }) => !name.startsWith('remove')) };
    const { image, target } = await take(batchesOn(device, recipe).prepare(1));
    const outside = [...target.keys()].filter((i) => target[i] === -1);
    expect(outside.length).toBeGreaterThan(20);
    for (const i of outside) expect(image[2 * i]).toBe(0);
    expect(outside.some((i) => image[2 * i + 1] !== 0)).toBe(true);
  });

  it('gives regions, with a channel for what is to be ignored', async () => {
    const device = await open();
    const recipe = validationTransforms({ patchSize });
    const labels = await take(batchesOn(device, recipe).prepare(3));
    const regions = await take(batchesOn(device, recipe, { regions: [[1, 2], [2]], ignoreLabel: 1 }).prepare(3));
    expect(regions.shapes[1]).toBe('f32 3 8 12 10 3');
    for (const [i, label] of labels.target.entries())
      expect([...regions.target.slice(3 * i, 3 * i + 3)]).toEqual([label > 0, label === 2, label === 1].map(Number));
  });

  it('gives batches in the plane without their depth', async () => {
    const device = await open();
    const plane: Triple = [1, 12, 10];
    const recipe = nnunetTrainingTransforms({ patchSize: plane });
    const sampler = new RandomPatches({
      cases,
      batchSize: 2,
      patchSize: plane,
      initialPatchSize: recipe.initialPatchSize,
    });
    const { shapes } = await take(
      new TrainingBatches({ sampler, recipe, device, seed: 1, dropDepth: true }).prepare(0),
    );
    expect(shapes).toEqual(['f32 2 12 10 2', 'i32 2 12 10']);
    const deep = validationTransforms({ patchSize });
    const settings = { sampler: new OrderedPatches({ cases, batchSize: 1, patchSize }), recipe: deep, device, seed: 1 };
    expect(() => new TrainingBatches({ ...settings, dropDepth: true })).toThrow(/depth 1/);
    expect(() => new TrainingBatches({ ...settings, recipe: nnunet })).toThrow(
      /initial patch size for the nnU-Net recipe/,
    );
  });

  it('gives a cascade what the stage before found, moved like the labels, as channels', async () => {
    const device = await open();
    const withStage = smooth.map((settings) => new ArrayCase({ ...settings, previous: settings.label }));
    const stage = { labels: [1, 2], ...withoutDefects };
    const recipe: Recipe = { ...nnunet, transforms: nnunet.transforms.slice(-3), previousStage: stage };
    const batches = (settings: typeof stage) => {
      const { initialPatchSize } = recipe;
      const sampler = new RandomPatches({ cases: withStage, batchSize: 3, patchSize, initialPatchSize });
      return new TrainingBatches({ sampler, recipe: { ...recipe, previousStage: settings }, device, seed: 5 });
    };
    const before = device.memory().buffers;
    for (let index = 0; index < 3; index++) {
      const { image, target, shapes } = await take(batches(stage).prepare(index));
      expect(shapes[0]).toBe('f32 3 8 12 10 4');
      // The stage before found exactly the truth here.
      for (const [voxel, label] of target.entries())
        expect([image[4 * voxel + 2], image[4 * voxel + 3]]).toEqual([Number(label === 1), Number(label === 2)]);
      const defective = await take(batches({ ...stage, operatorProbability: 1, removalProbability: 1 }).prepare(index));
      expect(defective.target).toEqual(target);
      const differing = [...defective.image.keys()].filter((i) => defective.image[i] !== image[i]);
      expect(differing.length).toBeGreaterThan(0);
      expect(differing.every((i) => i % 4 >= 2)).toBe(true);
    }
    expect(device.memory().buffers).toBe(before);
    const sampler = new RandomPatches({ cases, batchSize: 1, patchSize, initialPatchSize: recipe.initialPatchSize });
    const without = new TrainingBatches({ sampler, recipe, device, seed: 5 });
    await expect(without.prepare(0)).rejects.toThrow(/case [ab].*the stage before/s);
  });

  it('reports a case that cannot be read and goes on with the next batch', async () => {
    const device = await open();
    const source = cases[0]!;
    let reads = 0;
    const unreliable = {
      name: 'unreliable',
      shape: source.shape,
      channels: 2,
      classLocations: source.classLocations,
      readBox: (...box: Parameters<ArrayCase['readBox']>): Promise<void> =>
        reads++ === 0 ? Promise.reject(new Error('the disk is gone')) : source.readBox(...box),
    };
    const recipe = validationTransforms({ patchSize });
    const sampler = new RandomPatches({ cases: [unreliable], batchSize: 1, patchSize });
    const batches = new TrainingBatches({ sampler, recipe, device, seed: 1 });
    await expect(batches.prepare(0)).rejects.toThrow('the disk is gone');
    expect((await take(batches.prepare(0))).shapes[0]).toBe('f32 1 8 12 10 2');
  });
});

describeOnBoth('both devices', (openBoth) => {
  it('make the same batches', async () => {
    const [cpu, webgpu] = await openBoth();
    const busy: Recipe = { ...nnunet, spatial: { ...nnunet.spatial!, rotationProbability: 0.7 } };
    const [here, there] = [batchesOn(cpu, busy), batchesOn(webgpu, busy)];
    for (let index = 0; index < 6; index++) {
      const [a, b] = [await take(here.prepare(index)), await take(there.prepare(index))];
      expectClose(a.image, b.image, { rtol: 1e-3, atol: 2e-4 });
      const differing = a.target.filter((label, i) => label !== b.target[i]).length;
      expect(differing / a.target.length).toBeLessThanOrEqual(0.002);
    }
  });
});
