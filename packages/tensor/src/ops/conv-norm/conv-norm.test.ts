/** `convNorm3d` and `convNorm2d` against the two ops that they stand for: values, gradients, gradients of gradients, and what is kept for them. */
import { expect, it } from 'vitest';
import {
  add,
  autocast,
  capture,
  checkpoint,
  conv2d,
  conv3d,
  convNorm2d,
  convNorm3d,
  type Device,
  fromArray,
  gradients,
  instanceNorm,
  mul,
  type Pair,
  recomputing,
  sum,
  type Tensor,
  type Triple,
  tidy,
} from '../../index.ts';
import { describeOnEach, expectClose, type Tolerance, testValues } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

/** x, and weight, bias, scale and shift of a layer. */
type Leaves = readonly [x: Tensor, weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor];
type Layer = (leaves: Leaves) => Tensor;

const SHAPES = {
  3: [
    [2, 5, 6, 7, 3],
    [3, 3, 3, 3, 6],
  ],
  2: [
    [2, 13, 12, 3],
    [3, 3, 3, 6],
  ],
} as const;

const volumes = { stride: [1, 2, 1] as Triple, padding: 1 };
const images = { stride: [2, 1] as Pair, padding: 1 };
const normOf = ([, , , weight, bias]: Leaves) => ({ weight, bias, slope: 0.1 });

const LAYERS: Readonly<Record<2 | 3, { readonly unit: Layer; readonly apart: Layer }>> = {
  3: {
    unit: (leaves) => convNorm3d(leaves[0], leaves[1], { ...volumes, bias: leaves[2], norm: normOf(leaves) }),
    apart: (leaves) => instanceNorm(conv3d(leaves[0], leaves[1], { ...volumes, bias: leaves[2] }), normOf(leaves)),
  },
  2: {
    unit: (leaves) => convNorm2d(leaves[0], leaves[1], { ...images, bias: leaves[2], norm: normOf(leaves) }),
    apart: (leaves) => instanceNorm(conv2d(leaves[0], leaves[1], { ...images, bias: leaves[2] }), normOf(leaves)),
  },
};

function leavesOf(device: Device, dimension: 2 | 3): Leaves {
  const [x, weight] = SHAPES[dimension];
  const channels = [weight.at(-1)!];
  const leaf = (shape: readonly number[], seed: number): Tensor =>
    fromArray(testValues(shape, seed), shape, { device }).requireGradient();
  return [leaf(x, 1), leaf(weight, 2), leaf(channels, 3), leaf(channels, 4), leaf(channels, 5)];
}

const readAll = async (tensors: readonly Tensor[]): Promise<number[][]> => {
  const values = await Promise.all(tensors.map(async (tensor) => Array.from(await tensor.data(), Number)));
  for (const tensor of tensors) tensor.dispose();
  return values;
};

describeOnEach('a convolution and its norm on $name', ({ open }) => {
  const cubes = (y: Tensor): Tensor => sum(mul(y, mul(y, y)));

  /** The bias has no gradient but roundings, since the norm takes off what it adds. */
  const differentiated = ([x, weight, , scale, shift]: Leaves): Tensor[] => [x, weight, scale, shift];

  /** The values, and the gradients of the sum of their cubes; with `second`, the gradients of the sum of the squares of these. */
  const derivatives = (leaves: Leaves, layer: Layer, second = false): Tensor[] =>
    tidy(() => {
      const y = layer(leaves);
      const first = gradients(cubes(y), differentiated(leaves), { createGraph: second }) as Tensor[];
      if (!second) return [y.detach(), ...first];
      const total = first.map((gradient) => sum(mul(gradient, gradient))).reduce((a, b) => add(a, b));
      return gradients(total, differentiated(leaves)) as Tensor[];
    });

  const compare = async (got: readonly Tensor[], expected: readonly Tensor[], tolerance: Tolerance): Promise<void> => {
    const [values, wanted] = [await readAll(got), await readAll(expected)];
    for (const [i, each] of values.entries()) {
      const largest = Math.max(...wanted[i]!.map(Math.abs));
      expect(largest).toBeGreaterThan(0);
      expectClose(each, wanted[i]!, { ...tolerance, atol: tolerance.rtol! * largest });
    }
  };

  it.each([3, 2] as const)('has the values and the gradients of the two ops, in %i-D', async (dimension) => {
    const device = await open();
    const leaves = leavesOf(device, dimension);
    const before = device.memory().usedBytes;
    const { unit, apart } = LAYERS[dimension];
    await compare(derivatives(leaves, unit), derivatives(leaves, apart), { rtol: 1e-5 });
    expect(device.memory().usedBytes).toBe(before);
    tidy(() => unit(leaves)).dispose();
    expect(device.memory().usedBytes).toBe(before);
    for (const leaf of leaves) leaf.dispose();
  });

  it('has their gradients of gradients', async () => {
    const device = await open();
    const leaves = leavesOf(device, 3);
    await compare(derivatives(leaves, LAYERS[3].unit, true), derivatives(leaves, LAYERS[3].apart, true), {
      rtol: 1e-3,
    });
    for (const leaf of leaves) leaf.dispose();
  });

  it('in mixed precision', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const leaves = leavesOf(device, 3);
    const half = (layer: Layer) => derivatives(leaves, (leaves) => autocast(() => layer(leaves)));
    const y = tidy(() => autocast(() => LAYERS[3].unit(leaves)));
    expect(y.dtype).toBe('f16');
    y.dispose();
    await compare(half(LAYERS[3].unit), half(LAYERS[3].apart), { rtol: 2e-3 });
    for (const leaf of leaves) leaf.dispose();
  });

  it.each([
    [
      'made again',
      (layer: Layer): Layer =>
        (leaves) =>
          recomputing(() => layer(leaves)),
    ],
    [
      'checkpointed',
      (layer: Layer): Layer =>
        (leaves) =>
          checkpoint((x) => layer([x, leaves[1], leaves[2], leaves[3], leaves[4]]), leaves[0]),
    ],
  ] as const)('%s, it has the same bits', async (_, changed) => {
    const device = await open();
    const leaves = leavesOf(device, 3);
    const two: Layer = (leaves) => sumOfLayers(leaves, LAYERS[3].unit);
    const plain = await readAll(derivatives(leaves, two));
    expect(await readAll(derivatives(leaves, changed(two)))).toEqual(plain);
    for (const leaf of leaves) leaf.dispose();
  });

  it('keeps the convolution and not its norm, where that can be made again', async () => {
    const device = await open();
    const leaves = leavesOf(device, 3);
    const held = (work: () => Tensor): number => {
      const before = device.memory().usedBytes;
      const value = tidy(work);
      const bytes = device.memory().usedBytes - before;
      value.dispose();
      expect(device.memory().usedBytes).toBe(before);
      return bytes;
    };
    const heldBy = (layer: Layer): number => held(() => recomputing(() => cubes(layer(leaves))));
    expect(heldBy(LAYERS[3].unit)).toBe(heldBy(LAYERS[3].apart));
    for (const leaf of leaves) leaf.dispose();
  });

  it('captured, it has the same bits', async () => {
    const device = await open();
    const leaves = leavesOf(device, 3);
    const eager = await readAll(derivatives(leaves, LAYERS[3].unit));
    const step = capture(device, () => derivatives(leaves, LAYERS[3].unit));
    for (let replay = 0; replay < 2; replay++) {
      step.replay();
      const values = await Promise.all(step.result.map(async (tensor) => Array.from(await tensor.data(), Number)));
      expect(values).toEqual(eager);
    }
    step.dispose();
    for (const leaf of leaves) leaf.dispose();
  });

  it('names itself where operands do not fit', async () => {
    const device = await open();
    const leaves = leavesOf(device, 3);
    const [x, weight, , scale] = leaves;
    const before = device.memory().usedBytes;
    expect(() => convNorm3d(x, weight, { norm: { weight: scale } })).toThrow(/convNorm3d.*both or neither/s);
    expect(() => convNorm3d(x, weight, { norm: { weight: x, bias: x } })).toThrow(/convNorm3d: weight.*\[6\]/s);
    expect(() => convNorm3d(x, weight, { bias: x })).toThrow(/convNorm3d: bias/);
    expect(() => convNorm2d(x, weight)).toThrow(/convNorm2d: x.*n, h, w, c/s);
    expect(device.memory().usedBytes).toBe(before);
    for (const leaf of leaves) leaf.dispose();
  });
});

/** A layer whose output another op saves for its gradient. */
const sumOfLayers = (leaves: Leaves, layer: Layer): Tensor =>
  tidy(() => {
    const first = layer(leaves);
    return mul(first, first);
  });
