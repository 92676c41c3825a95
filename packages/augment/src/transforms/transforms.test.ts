/** What transforms draw, and that they change the samples that drew them and no other. */
import { type Device, fromArray, RandomGenerator, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { HostRandom } from '../random/host-random.ts';
import { nnunetTrainingTransforms } from '../recipes/nnunet.ts';
import { nvidiaTransforms } from '../recipes/nvidia.ts';
import { voxelAt } from '../sampling/class-locations.ts';
import { augmentationCase, missingFixtures } from '../testing/fixtures.ts';
import { applyContrast, contrast } from './contrast.ts';
import { deepSupervisionScales } from './deep-supervision.ts';
import { gaussianBlur } from './gaussian-blur.ts';
import { applyGaussianNoise, gaussianNoise } from './gaussian-noise.ts';
import { lowResolution } from './low-resolution.ts';
import { applyMirror, mirror } from './mirror.ts';
import { drawMultipliers } from './multiplier.ts';
import { maskOutside } from './outside.ts';
import { joinSamples, onSamples, takeSamples } from './samples.ts';
import { affineMatrix } from './sampling-grid.ts';
import { applySpatial, drawAffine, spatialDefaults } from './spatial.ts';
import type { Transform } from './transform.ts';
import { applyZoom, zoom } from './zoom.ts';

const space: Triple = [5, 6, 7];
const voxels = 5 * 6 * 7;

const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
function deviationOf(values: ArrayLike<number>): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(Array.from(values, (value) => (value - mean) ** 2)));
}

describe('what is drawn', () => {
  /** Share of single samples that draw the transform, and the five standard errors it may be off. */
  function rate(transform: Transform, channels = 1): number {
    const random = new HostRandom(21);
    const draws = Array.from({ length: 4000 }, () => transform.draw(random, { samples: 1, size: space, channels }));
    return draws.filter((step) => step !== undefined).length / draws.length;
  }
  const near = (probability: number): readonly [number, number] => {
    const error = 5 * Math.sqrt((probability * (1 - probability)) / 4000);
    return [probability - error, probability + error];
  };

  it.each([
    ['gaussian noise', 0.1],
    ['gaussian blur', 0.2 * 0.5],
    ['brightness', 0.15],
    ['contrast', 0.15],
    ['low resolution', 0.25 * 0.5],
    ['inverted gamma', 0.1],
    ['gamma', 0.3],
    ['mirror', 1 - 0.5 ** 3],
  ])("changes single images by %s as often as nnU-Net's recipe", (name, probability) => {
    const { transforms } = nnunetTrainingTransforms({ patchSize: [32, 32, 32] });
    const [low, high] = near(probability);
    const got = rate(transforms.find((transform) => transform.name === name)!);
    expect(got).toBeGreaterThan(low);
    expect(got).toBeLessThan(high);
  });

  it("keeps nnU-Net's order", () => {
    const { transforms, spatial, initialPatchSize } = nnunetTrainingTransforms({ patchSize: [40, 56, 40] });
    expect(transforms.map(({ name }) => name)).toEqual([
      'gaussian noise',
      'gaussian blur',
      'brightness',
      'contrast',
      'low resolution',
      'inverted gamma',
      'gamma',
      'mirror',
      'mask outside',
      'remove label -1',
    ]);
    expect(spatial).toEqual({ ...spatialDefaults, rotation: (30 * Math.PI) / 180 });
    expect(initialPatchSize).toEqual([73, 80, 64]);
  });

  it("has NVIDIA's probabilities", () => {
    const { transforms } = nvidiaTransforms({ patchSize: [32, 32, 32] });
    for (const name of ['zoom', 'gaussian noise', 'gaussian blur', 'brightness', 'contrast']) {
      const [low, high] = near(0.15);
      const got = rate(transforms.find((transform) => transform.name === name)!);
      expect(got).toBeGreaterThan(low);
      expect(got).toBeLessThan(high);
    }
  });

  it('draws nothing at probability 0', () => {
    const never = [
      gaussianNoise({ probability: 0 }),
      gaussianBlur({ probability: 0 }),
      contrast({ probability: 0 }),
      lowResolution({ probability: 0 }),
      mirror({ probability: 0 }),
      zoom({ probability: 0 }),
      maskOutside([false]),
    ];
    for (const transform of never) expect(rate(transform)).toBe(0);
  });

  it('rotates and scales a fifth of the samples each, within the ranges', () => {
    const random = new HostRandom(2);
    const drawn = Array.from({ length: 4000 }, () => drawAffine(random, { ...spatialDefaults, inPlane: true }));
    const moved = drawn.filter((affine) => affine !== undefined);
    const [low, high] = near(1 - 0.8 ** 2);
    expect(moved.length / 4000).toBeGreaterThan(low);
    expect(moved.length / 4000).toBeLessThan(high);
    const scales = moved.map((affine) => Math.hypot(affine[1][1], affine[2][1]));
    const angles = moved.map((affine) => Math.atan2(affine[2][1], affine[1][1]));
    for (const affine of moved)
      expect([...affine[0], affine[1][0], affine[2][0]].map(Math.abs)).toEqual([1, 0, 0, 0, 0]);
    expect(Math.min(...scales)).toBeGreaterThanOrEqual(0.7);
    expect(Math.max(...scales)).toBeLessThan(1.4);
    expect(Math.max(...scales)).toBeGreaterThan(1.35);
    expect(Math.max(...angles)).toBeLessThan(Math.PI / 6);
    expect(Math.min(...angles)).toBeLessThan(-Math.PI / 7);
  });

  it('turns half of the axes of a rotated sample, and scales each axis for itself, where asked to', () => {
    const random = new HostRandom(3);
    const settings = { ...spatialDefaults, rotationProbability: 1, axisProbability: 0.5, scalingProbability: 0 };
    const turned = Array.from({ length: 4000 }, () => drawAffine(random, settings)!);
    // No axis turned: the identity.
    const still = turned.filter((affine) => String(affine.flat().map(Math.abs)) === '1,0,0,0,1,0,0,0,1');
    const [low, high] = near(1 / 8);
    expect(still.length / 4000).toBeGreaterThan(low);
    expect(still.length / 4000).toBeLessThan(high);
    const scaled = drawAffine(random, {
      ...spatialDefaults,
      rotationProbability: 0,
      scalingProbability: 1,
      scaleAxesApart: true,
    })!;
    const factors = [scaled[0][0], scaled[1][1], scaled[2][2]];
    expect(new Set(factors).size).toBe(3);
    for (const factor of factors) expect(factor).toSatisfy((value: number) => value >= 0.7 && value < 1.4);
  });

  it.each([
    ['bgcontrast_075_125', [0.75, 1.25]],
    ['bgcontrast_07_15', [0.7, 1.5]],
  ] as const)('multipliers have the statistics of %s', lacking(missingFixtures), (name, range) => {
    const { attributes, tolerance } = augmentationCase('noise_statistics');
    const expected = attributes[name] as { mean: number; std: number; frac_below_1: number };
    const random = new HostRandom(1);
    const settings = { range, distribution: 'around one', synchronizeChannels: false } as const;
    const values = drawMultipliers(random, 20_000, settings);
    const allowed = tolerance.rel!;
    expect(Math.abs(meanOf(values) / expected.mean - 1)).toBeLessThan(allowed);
    expect(Math.abs(deviationOf(values) / expected.std - 1)).toBeLessThan(allowed);
    expect(Math.abs(values.filter((value) => value < 1).length / 20_000 / expected.frac_below_1 - 1)).toBeLessThan(
      allowed,
    );
    expect(new Set(drawMultipliers(random, 4, { ...settings, synchronizeChannels: true })).size).toBe(1);
  });

  it('makes deep supervision scales of the strides, without the coarsest', () => {
    const scales = deepSupervisionScales([
      [1, 1, 1],
      [1, 2, 2],
      [2, 2, 2],
      [2, 2, 2],
    ]);
    expect(scales).toEqual([
      [1, 1, 1],
      [1, 0.5, 0.5],
      [0.5, 0.25, 0.25],
    ]);
  });
});

/** A batch of three samples with two channels, and what a transform of single samples makes of each. */
const imageOf = (device: Device, seed = 1): Tensor =>
  fromArray(testValues([3, ...space, 2], seed), [3, ...space, 2], { device });
const labelOf = (device: Device): Tensor =>
  fromArray(
    Int32Array.from({ length: 3 * voxels }, (_, i) => ((i * 7) % 5) - 1),
    [3, ...space],
    { device },
  );

async function valuesOf(device: Device, work: () => Tensor): Promise<Float32Array> {
  const before = device.memory().buffers;
  const result = tidy(work);
  const values = Float32Array.from(await result.data());
  result.dispose();
  expect(device.memory().buffers).toBe(before);
  return values;
}

describeOnEach('transforms of batches on $name', ({ open }) => {
  it('take and join samples', async () => {
    const device = await open();
    const order = [2, 0, 1];
    const joined = await valuesOf(device, () => {
      const x = imageOf(device);
      return joinSamples([takeSamples(x, [2]), takeSamples(x, [0, 1])], [[2], [0, 1]]);
    });
    expect(joined).toEqual(testValues([3, ...space, 2]));
    const taken = await valuesOf(device, () => takeSamples(imageOf(device), order));
    const size = voxels * 2;
    for (const [row, sample] of order.entries())
      expect(taken.slice(row * size, (row + 1) * size)).toEqual(joined.slice(sample * size, (sample + 1) * size));
    const changed = await valuesOf(device, () =>
      onSamples(imageOf(device), [1], (rows) => applyContrast(rows, { factors: [[0, 0]] })),
    );
    expect(changed.slice(0, size)).toEqual(joined.slice(0, size));
    expect(changed.slice(2 * size)).toEqual(joined.slice(2 * size));
    const middle = changed.slice(size, 2 * size).filter((_, i) => i % 2 === 0);
    expect(deviationOf(middle)).toBeLessThan(1e-6);
    expect(meanOf(middle)).toBeCloseTo(meanOf(joined.slice(size, 2 * size).filter((_, i) => i % 2 === 0)), 5);
  });

  const intensities = [
    ...nnunetTrainingTransforms({ patchSize: space }).transforms,
    ...nvidiaTransforms({ patchSize: space }).transforms,
  ];
  it.each(
    intensities
      .filter(({ name }) => /noise|blur|bright|contrast|resolution|gamma/.test(name))
      .map((t, i) => [i, t] as const),
  )('change the same samples whether one or three are in the batch: %i $name', async (_, transform) => {
    const device = await open();
    // The stream is searched for a draw that changes some of the three samples and leaves others.
    for (let stream = 0; ; stream++) {
      const step = transform.draw(new HostRandom(9, stream), { samples: 3, size: space, channels: 2 });
      if (step === undefined) continue;
      const before = testValues([3, ...space, 2]);
      const after = await valuesOf(
        device,
        () => step({ image: imageOf(device), label: labelOf(device) }, new RandomGenerator(1)).image,
      );
      const size = voxels * 2;
      const same = [0, 1, 2].map((n) =>
        after.slice(n * size, (n + 1) * size).every((value, i) => value === before[n * size + i]),
      );
      if (same.every((each) => !each)) continue;
      expect(same).toContain(false);
      expect(after.every(Number.isFinite)).toBe(true);
      return;
    }
  });

  it('mirror each sample along its own axes', async () => {
    const device = await open();
    const axes = [[0], [], [1, 2]];
    const got = await valuesOf(
      device,
      () => applyMirror({ image: imageOf(device), label: labelOf(device) }, axes).image,
    );
    const values = testValues([3, ...space, 2]);
    for (let n = 0; n < 3; n++)
      for (let i = 0; i < voxels; i++) {
        const from = voxelAt(i, space).map((index, axis) =>
          axes[n]!.includes(axis) ? space[axis]! - 1 - index : index,
        );
        const source = (from[0]! * 6 + from[1]!) * 7 + from[2]!;
        expect(got[(n * voxels + i) * 2 + 1]).toBe(values[(n * voxels + source) * 2 + 1]);
      }
    const twice = await valuesOf(device, () => {
      const patches = { image: imageOf(device), label: labelOf(device) };
      return applyMirror(applyMirror(patches, axes), axes).image;
    });
    expect(twice).toEqual(values);
  });

  it(
    'add noise with the statistics of nnU-Net, the same or not in all channels',
    lacking(missingFixtures),
    async () => {
      const device = await open();
      const { attributes, tolerance } = augmentationCase('noise_statistics');
      for (const expected of attributes.noise as { noise_parameter: number; std: number; p01: number; p99: number }[]) {
        const shape = [1, 24, 24, 24, 1];
        const values = await valuesOf(device, () => {
          const zero = fromArray(new Float32Array(24 ** 3), shape, { device });
          return applyGaussianNoise(zero, [[expected.noise_parameter]], new RandomGenerator(3).normal(shape, device));
        });
        const sorted = values.slice().sort();
        const allowed = tolerance.rel! * expected.noise_parameter;
        expect(Math.abs(deviationOf(values) - expected.std)).toBeLessThan(allowed);
        expect(Math.abs(meanOf(values))).toBeLessThan(allowed);
        expect(Math.abs(sorted[Math.floor(0.01 * sorted.length)]! - expected.p01)).toBeLessThan(2 * allowed);
        expect(Math.abs(sorted[Math.floor(0.99 * sorted.length)]! - expected.p99)).toBeLessThan(2 * allowed);
      }
      for (const synchronizeChannels of [true, false]) {
        const transform = gaussianNoise({ probability: 1, deviation: [0.1, 0.1], synchronizeChannels });
        const step = transform.draw(new HostRandom(1), { samples: 3, size: space, channels: 2 })!;
        const after = await valuesOf(
          device,
          () => step({ image: imageOf(device), label: labelOf(device) }, new RandomGenerator(4)).image,
        );
        const noise = after.map((value, i) => value - testValues([3, ...space, 2])[i]!);
        const difference = deviationOf(
          Float32Array.from({ length: 3 * voxels }, (_, i) => noise[2 * i]! - noise[2 * i + 1]!),
        );
        if (synchronizeChannels) expect(difference).toBeLessThan(1e-6);
        else expect(Math.abs(difference - 0.1 * Math.SQRT2)).toBeLessThan(0.02);
      }
    },
  );

  it('zoom into the middle: images by cubic convolution, labels by the nearest voxel', async () => {
    const device = await open();
    const size: Triple = [4, 8, 16];
    const cut: Triple = [4, 6, 12];
    const label = Int32Array.from({ length: 512 }, (_, i) => voxelAt(i, size)[2]);
    const parabola = Float32Array.from(label, (x) => x * x);
    const run = (part: 'image' | 'label') => (): Tensor =>
      applyZoom(
        { image: fromArray(parabola, [1, ...size, 1], { device }), label: fromArray(label, [1, ...size], { device }) },
        [cut],
      )[part];
    const image = await valuesOf(device, run('image'));
    const zoomed = await valuesOf(device, run('label'));
    for (let i = 0; i < 512; i++) {
      const x = voxelAt(i, size)[2];
      const source = 2 + (x + 0.5) * 0.75 - 0.5;
      // Cubic convolution reproduces parabolas if its a is −0.5, where all four neighbours lie in the cut; beyond, its edge voxels are repeated.
      if (source >= 3 && source <= 12) expect(image[i]).toBeCloseTo(source * source, 3);
      expect(zoomed[i]).toBe(2 + Math.floor((x + 0.5) * 0.75));
    }
    const none = await valuesOf(
      device,
      () => applyZoom({ image: imageOf(device), label: labelOf(device) }, [undefined, undefined, undefined]).image,
    );
    expect(none).toEqual(testValues([3, ...space, 2]));
  });

  it('sample the nearest voxel where asked to, outside 0 of images and −1 of labels', async () => {
    const device = await open();
    const affines = [0.1, 0.4, -0.5].map((angle, n) => affineMatrix([angle, 0.2 * n, 0], [1.3, 1.3, 1.3]));
    const size: Triple = [6, 5, 9];
    const run = (part: 'image' | 'label') => () =>
      applySpatial(
        { image: imageOf(device), label: labelOf(device) },
        { affines, size, labels: [], labelMode: 'nearest', imageMode: 'nearest' },
      )[part];
    const got = await valuesOf(device, run('label'));
    const image = await valuesOf(device, run('image'));
    const values = testValues([3, ...space, 2], 1);
    let checked = 0;
    for (let n = 0; n < 3; n++)
      for (let i = 0; i < 270; i++) {
        const offset = voxelAt(i, size).map((index, axis) => index - (size[axis]! - 1) / 2);
        const source = affines[n]!.map(
          (row, axis) => row[0] * offset[0]! + row[1] * offset[1]! + row[2] * offset[2]! + (space[axis]! - 1) / 2,
        );
        // Points halfway between voxels go either way.
        if (source.some((value) => Math.abs(value - Math.floor(value) - 0.5) < 1e-4)) continue;
        const [z, y, x] = source.map(Math.round) as [number, number, number];
        const inside = [z, y, x].every((index, axis) => index >= 0 && index < space[axis]!);
        expect(got[n * 270 + i]).toBe(inside ? (((n * voxels + (z * 6 + y) * 7 + x) * 7) % 5) - 1 : -1);
        for (const c of [0, 1])
          expect(image[(n * 270 + i) * 2 + c]).toBe(inside ? values[(n * voxels + (z * 6 + y) * 7 + x) * 2 + c] : 0);
        checked++;
      }
    expect(checked).toBeGreaterThan(700);
  });

  it("give NVIDIA's contrast: values times a factor, within the range of the sample", async () => {
    const device = await open();
    const got = await valuesOf(device, () =>
      applyContrast(imageOf(device), {
        factors: [
          [1.4, 1.4],
          [0.7, 0.7],
          [1, 1],
        ],
        about: 'zero',
        range: 'sample',
      }),
    );
    const values = testValues([3, ...space, 2]);
    const expected = values.map((value, i) => {
      const n = Math.floor(i / (voxels * 2));
      const sample = values.subarray(n * voxels * 2, (n + 1) * voxels * 2);
      return Math.min(Math.max(value * [1.4, 0.7, 1][n]!, Math.min(...sample)), Math.max(...sample));
    });
    expectClose(got, expected);
  });
});
