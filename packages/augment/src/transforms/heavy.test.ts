/** The transforms that only the heavy recipe has, against loops over voxels in double precision, and what that recipe draws. */
import { type Device, fromArray, RandomGenerator, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { HostRandom } from '../random/host-random.ts';
import { da5TrainingTransforms } from '../recipes/da5.ts';
import { applyBlankRectangles } from './blank-rectangle.ts';
import { additiveBrightness } from './brightness.ts';
import { applyBrightnessGradient, applyLocalGamma, localWeights } from './local.ts';
import { normalIntegral } from './normal-integral.ts';
import { oneOf } from './one-of.ts';
import { applySharpening } from './sharpen.ts';
import { applyTurns, equalAxes, quarterTurns } from './turn.ts';

const space: Triple = [5, 6, 7];
const voxels = 5 * 6 * 7;
const channelOf = (device: Device): Tensor => fromArray(testValues([1, ...space, 1], 3), [1, ...space, 1], { device });
const values = testValues([1, ...space, 1], 3);
const placeOf = (i: number): Triple => [Math.floor(i / 42), Math.floor(i / 7) % 6, i % 7];
const indexOf = ([z, y, x]: readonly number[]): number => (z! * 6 + y!) * 7 + x!;

async function result(work: () => Tensor): Promise<Float32Array> {
  const tensor = tidy(work);
  const found = Float32Array.from(await tensor.data());
  tensor.dispose();
  return found;
}

describeOnEach('heavy transforms on $name', ({ open }) => {
  it('sharpen by the differences from the neighbours across faces', async () => {
    const device = await open();
    const expected = Array.from(values, (value, i) => {
      const neighbours = [0, 1, 2].flatMap((axis) =>
        [-1, 1].map((step) => {
          const place = [...placeOf(i)];
          place[axis] = Math.min(space[axis]! - 1, Math.max(0, place[axis]! + step));
          return values[indexOf(place)]!;
        }),
      );
      return value + 0.7 * (6 * value - neighbours.reduce((sum, each) => sum + each, 0));
    });
    expectClose(await result(() => applySharpening(channelOf(device), 0.7)), expected);
    // In the plane there are four neighbours.
    const flat = await result(() => applySharpening(fromArray(values.slice(0, 42), [1, 1, 6, 7, 1], { device }), 1));
    const [centre, around] = [values[8]!, [1, 15, 7, 9].map((i) => values[i]!)];
    expectClose([flat[8]!], [centre + 4 * centre - around.reduce((sum, each) => sum + each, 0)]);
  });

  it('fill rectangles with their mean, one after the other', async () => {
    const device = await open();
    const rectangles = [
      { start: [1, 0, 2], size: [3, 2, 4] },
      { start: [0, 1, 0], size: [2, 5, 3] },
    ] as const;
    const expected = Array.from(values);
    for (const { start, size } of rectangles) {
      const inside = expected.flatMap((_, i) =>
        placeOf(i).every((at, axis) => at >= start[axis]! && at < start[axis]! + size[axis]!) ? [i] : [],
      );
      const mean = inside.reduce((sum, i) => sum + expected[i]!, 0) / inside.length;
      for (const i of inside) expected[i] = mean;
    }
    expectClose(await result(() => applyBlankRectangles(channelOf(device), rectangles)), expected);
  });

  const place = { middle: [1, 9, -2], deviation: [2, 3, 4] } as const;
  /** In double precision, from the density by Simpson's rule in each voxel. */
  const weights = (() => {
    const density = (z: number): number => Math.exp((-z * z) / 2);
    const shares = [0, 1, 2].map((axis) =>
      Array.from({ length: space[axis]! }, (_, i) => {
        let sum = 0;
        for (let k = 0; k <= 64; k++) {
          const z = (i - 0.5 + k / 64 - place.middle[axis]!) / place.deviation[axis]!;
          sum += density(z) * (k === 0 || k === 64 ? 1 : k % 2 === 1 ? 4 : 2);
        }
        return sum;
      }),
    );
    const products = Array.from({ length: voxels }, (_, i) =>
      placeOf(i).reduce((product, at, axis) => product * shares[axis]![at]!, 1),
    );
    const [low, high] = [Math.min(...products), Math.max(...products)];
    return products.map((product) => (product - low) / (high - low));
  })();

  it('weigh places by a Gaussian from 0 to 1', async () => {
    const device = await open();
    const found = await result(() => localWeights(channelOf(device), place)!);
    expectClose(found, weights, { rtol: 1e-4, atol: 1e-5 });
    expectClose([Math.min(...found), Math.max(...found)], [0, 1], { rtol: 1e-5, atol: 1e-5 });
    const gradient = await result(() => applyBrightnessGradient(channelOf(device), place, -3));
    expectClose(
      gradient,
      weights.map((weight, i) => values[i]! - 3 * weight),
      { rtol: 1e-4, atol: 1e-4 },
    );
  });

  it('correct gamma by these weights within the range of the image', async () => {
    const device = await open();
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const expected = weights.map((weight, i) => {
      const share = (values[i]! - low) / (high - low);
      return (share * (1 - weight) + share ** 2.5 * weight) * (high - low) + low;
    });
    expectClose(await result(() => applyLocalGamma(channelOf(device), place, 2.5)), expected, {
      rtol: 1e-4,
      atol: 1e-4,
    });
  });

  it('turn images and labels together, as torch.rot90 does', async () => {
    const device = await open();
    const shape = [1, 3, 2, 3] as const;
    const label = Int32Array.from({ length: 18 }, (_, i) => i);
    const run = async (k: number): Promise<number[]> => {
      const patches = () => ({
        image: fromArray(Float32Array.from(label), [...shape, 1], { device }),
        label: fromArray(label, shape, { device }),
      });
      const turned = await result(() => applyTurns(patches(), [quarterTurns(k, 0, 2)]).image);
      const labels = await result(() => applyTurns(patches(), [quarterTurns(k, 0, 2)]).label);
      expect(labels).toEqual(turned);
      return [...turned];
    };
    // Depth 3 and width 3 turn about the height: out[z, y, x] of one quarter turn is in[x, y, 2 − z].
    const once = Array.from({ length: 18 }, (_, i) => {
      const [z, y, x] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
      return (x * 2 + y) * 3 + 2 - z;
    });
    expect(await run(0)).toEqual([...label]);
    expect(await run(1)).toEqual(once);
    const twice = once.map((_, i) => once[once[i]!]!);
    expect(await run(2)).toEqual(twice);
    expect(await run(3)).toEqual(once.map((_, i) => once[twice[i]!]!));
  });

  it('leave whole batches finite, whatever is drawn', async () => {
    const device = await open();
    const patch: Triple = [8, 8, 8];
    const { transforms } = da5TrainingTransforms({ patchSize: patch });
    for (const transform of transforms) {
      for (let stream = 0; stream < 40; stream++) {
        const step = transform.draw(new HostRandom(5, stream), { samples: 2, size: patch, channels: 2 });
        if (step === undefined) continue;
        const image = fromArray(testValues([2, ...patch, 2], 1), [2, ...patch, 2], { device });
        const label = fromArray(new Int32Array(1024), [2, ...patch], { device });
        const after = await result(() => step({ image, label }, new RandomGenerator(1)).image);
        expect([after.length, after.every(Number.isFinite)]).toEqual([2048, true]);
        image.dispose();
        label.dispose();
        break;
      }
    }
  });
});

describe('what the heavy recipe draws', () => {
  const recipe = da5TrainingTransforms({ patchSize: [32, 40, 32] });

  it("keeps nnU-Net's order, angles, factors and initial patch", () => {
    expect(recipe.transforms.map(({ name }) => name)).toEqual([
      'rotate by 90°',
      'transpose axes',
      'median or gaussian blur',
      'gaussian noise',
      'additive brightness',
      'contrast or contrast',
      'low resolution',
      'inverted gamma',
      'inverted gamma',
      'mirror',
      'blank rectangle',
      'brightness gradient',
      'local gamma',
      'sharpen',
      'mask outside',
      'remove label -1',
    ]);
    expect(recipe.spatial).toMatchObject({ rotationProbability: 0.4, scalingProbability: 0.2, scaling: [0.7, 1.43] });
    // get_patch_size of nnU-Net: the largest of the rotated edges, 32 · cos 30° + 40 · sin 30°, 40 · cos 30° + 32 · sin 30° and so on, by 0.7.
    const [c, s] = [Math.cos(Math.PI / 6), 0.5];
    expect(recipe.initialPatchSize).toEqual(
      [32 * c + 40 * s, Math.max(40, 40 * c + 32 * s), 32 * c + 32 * s].map((edge) => Math.trunc(edge / 0.7)),
    );
  });

  it('changes single images as often as nnU-Net', () => {
    const rates = recipe.transforms.map((transform, i) => {
      const random = new HostRandom(21, i);
      const shape = { samples: 1, size: [32, 40, 32] as Triple, channels: 1 };
      const draws = Array.from({ length: 4000 }, () => transform.draw(random, shape));
      return [transform.name, draws.filter((step) => step !== undefined).length / 4000] as const;
    });
    // Transforms of channels need that of the channel, too, where they look for it first.
    const wanted = [0.5, 0.5, 0.1, 0.1, 0.1, 0.2, 0.075, 0.1, 0.1, 0.875, 0.2, 0.15, 0.15, 0.1];
    for (const [i, probability] of wanted.entries()) {
      const error = 5 * Math.sqrt((probability * (1 - probability)) / 4000);
      expect(Math.abs(rates[i]![1] - probability), rates[i]![0]).toBeLessThan(error);
    }
  });

  it('turns axes that are equally long, if there are any', () => {
    const equal: readonly (readonly [Triple, readonly number[]])[] = [
      [
        [32, 40, 32],
        [0, 2],
      ],
      [
        [16, 64, 64],
        [1, 2],
      ],
      [
        [8, 8, 8],
        [0, 1, 2],
      ],
      [[8, 9, 10], []],
      [
        [1, 8, 8],
        [1, 2],
      ],
      [[1, 8, 9], []],
    ];
    for (const [patch, axes] of equal) expect(equalAxes(patch)).toEqual(axes);
    const planar = da5TrainingTransforms({ patchSize: [1, 8, 9] });
    const random = new HostRandom(1);
    for (const transform of planar.transforms.slice(0, 2))
      expect(transform.draw(random, { samples: 9, size: [1, 8, 9], channels: 1 })).toBeUndefined();
  });

  it('chooses one of several for each sample', () => {
    const never = { probability: 0, channelProbability: 1, deviation: 1 };
    const always = { ...never, probability: 1 };
    const random = new HostRandom(4);
    const both = oneOf([additiveBrightness(always), additiveBrightness(never)]);
    const draws = Array.from({ length: 2000 }, () => both.draw(random, { samples: 1, size: space, channels: 1 }));
    expect(Math.abs(draws.filter((step) => step !== undefined).length / 2000 - 0.5)).toBeLessThan(0.06);
  });
});

it('the normal distribution function has its known values', () => {
  // Abramowitz and Stegun, tables 26.1 and 26.2, and Φ(−8) of R's pnorm.
  expect(normalIntegral(0)).toBe(0.5);
  expect(normalIntegral(1)).toBeCloseTo(0.841344746068543, 14);
  expect(normalIntegral(3)).toBeCloseTo(0.99865010196837, 14);
  expect(normalIntegral(3.0000001) - normalIntegral(3)).toBeCloseTo(1e-7 * 0.00443184841, 14);
  expect(normalIntegral(-3.5) / 2.32629079035525e-4).toBeCloseTo(1, 12);
  expect(normalIntegral(-8) / 6.22096057427178e-16).toBeCloseTo(1, 12);
});

it('normal numbers have their mean and deviation', () => {
  const random = new HostRandom(8);
  const drawn = Array.from({ length: 20_000 }, () => random.normal(2, 3));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length);
  expect(Math.abs(mean - 2)).toBeLessThan(0.1);
  expect(Math.abs(deviation - 3)).toBeLessThan(0.1);
  expect(drawn.filter((value) => Math.abs(value - 2) < 3).length / drawn.length).toBeCloseTo(0.683, 1);
});
