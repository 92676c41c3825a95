/** Random numbers of every device against Philox in plain TypeScript, which is held to the known answers of the Random123 library. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../device/device.ts';
import type { Tensor } from '../../tensor.ts';
import { describeOnBoth, describeOnEach, empty, expectClose } from '../../testing.ts';
import type { RandomState } from './random.kernels.ts';
import { RandomGenerator } from './random.ts';

type Words = readonly number[];

/** The block of a counter (four words) and a key (two words). */
function philox(counter: Words, key: Words): Words {
  let [c0, c1, c2, c3] = counter as [number, number, number, number];
  let [k0, k1] = key as [number, number];
  for (let round = 0; round < 10; round++) {
    const first = BigInt(c0) * 0xd2511f53n;
    const second = BigInt(c2) * 0xcd9e8d57n;
    const high = (product: bigint) => Number(product >> 32n);
    const low = (product: bigint) => Number(product & 0xffffffffn);
    [c0, c1, c2, c3] = [(high(second) ^ c1 ^ k0) >>> 0, low(second), (high(first) ^ c3 ^ k1) >>> 0, low(first)];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

const words = (state: RandomState, size: number): Words =>
  Array.from({ length: Math.ceil(size / 4) }, (_, block) => philox([block, 0, ...state.stream], state.seed))
    .flat()
    .slice(0, size);

/** The probability of a normal number above z: by the Maclaurin series of the density's integral, far out by Lentz's continued fraction. */
function beyond(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 2.5) {
    let fraction = z;
    for (let k = 80; k > 0; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let [term, sum] = [z, z];
  for (let k = 1; term > 1e-18; k++) {
    term *= (z * z) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

/** The normal number of a word, by bisection. */
function quantile(word: number): number {
  const probability = (2 * (word % 2 ** 31) + 1) / 2 ** 33;
  let [low, high] = [0, 8];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (beyond(middle) > probability) low = middle;
    else high = middle;
  }
  return word >= 2 ** 31 ? -low : low;
}

const STATE: RandomState = { seed: [0xdeadbeef, 0x12345678], stream: [3_000_000_000, 7] };

describe('the reference', () => {
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [new Array<number>(4).fill(0xffffffff), [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the known answer for counter %j', (counter, key, answer) => {
    expect(philox(counter, key)).toEqual(answer);
  });
});

describeOnEach('random numbers on $name', ({ open }) => {
  let device: Device;

  beforeAll(async () => {
    device = await open();
  });

  const draw = async (size: number, fill: (out: ReturnType<typeof empty>) => void, dtype: 'f32' | 'i32' = 'f32') => {
    const out = empty(device, dtype, [size]);
    fill(out);
    const values = await device.read(out);
    device.free(out.buffer);
    return values;
  };

  it.each([1, 5, 15, 16, 63, 4099])('the words of %i elements', async (size) => {
    const bits = await draw(size, (out) => device.kernels.randomBits(out, STATE), 'i32');
    expect(Array.from(bits, (word) => word >>> 0)).toEqual(words(STATE, size));
  });

  it('words far into a tensor of several work items', async () => {
    const size = 300_003;
    const bits = await draw(size, (out) => device.kernels.randomBits(out, STATE), 'i32');
    for (let block = 0; block < size / 4; block += 997)
      for (let i = 0; i < 4 && 4 * block + i < size; i++)
        expect(bits[4 * block + i]! >>> 0).toBe(philox([block, 0, ...STATE.stream], STATE.seed)[i]);
  });

  it('uniform numbers', async () => {
    const values = await draw(1001, (out) => device.kernels.randomUniform(out, STATE, -2, 5));
    expectClose(
      values,
      words(STATE, 1001).map((word) => -2 + (7 * (word >>> 8)) / 2 ** 24),
      { rtol: 0, atol: 1e-6 },
    );
  });

  it('uniform numbers in [0, 1) have exact bits', async () => {
    const values = await draw(1001, (out) => device.kernels.randomUniform(out, STATE, 0, 1));
    expect(Array.from(values)).toEqual(words(STATE, 1001).map((word) => (word >>> 8) / 2 ** 24));
  });

  it.each([
    [16_777_215, 16_777_216],
    [-1, 1e-9],
    [0.1, 0.3],
  ])('uniform numbers from %d stay below %d', async (low, high) => {
    const values = await draw(4096, (out) => device.kernels.randomUniform(out, STATE, low, high));
    expect(values.every((value) => value >= Math.fround(low) && value < Math.fround(high))).toBe(true);
  });

  it('normal numbers', async () => {
    const values = await draw(4099, (out) => device.kernels.randomNormal(out, STATE, 3, 0.5));
    expectClose(
      values,
      words(STATE, 4099).map((word) => 3 + 0.5 * quantile(word)),
      { rtol: 0, atol: 5e-6 },
    );
  });

  it('normal numbers have the tails of the normal distribution', async () => {
    const size = 1 << 20;
    const values = await draw(size, (out) => device.kernels.randomNormal(out, STATE, 0, 1));
    const bits = await draw(size, (out) => device.kernels.randomBits(out, STATE), 'i32');
    const outermost = [...bits.keys()].sort((a, b) => (bits[a]! & 0x7fffffff) - (bits[b]! & 0x7fffffff)).slice(0, 200);
    expectClose(
      outermost.map((i) => values[i]!),
      outermost.map((i) => quantile(bits[i]! >>> 0)),
      { rtol: 0, atol: 1e-5 },
    );
    expect(Math.abs(values[outermost[0]!]!)).toBeGreaterThan(4.5);
  });

  it('normal numbers have the moments of the normal distribution', async () => {
    const size = 1 << 18;
    const values = await draw(size, (out) => device.kernels.randomNormal(out, { seed: [1, 0], stream: [0, 0] }, 0, 1));
    const moment = (power: number) => Float64Array.from(values).reduce((sum, value) => sum + value ** power, 0) / size;
    // Within five standard errors.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / size));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / size));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / size));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / size));
  });
});

describeOnBoth('random numbers have the same bits on every device', (openBoth) => {
  it.each<readonly [string, (generator: RandomGenerator, device: Device) => Tensor]>([
    ['uniform', (generator, device) => generator.uniform([70_001], device)],
    ['uniform in an interval', (generator, device) => generator.uniform([70_001], device, -0.3, 1.7)],
    ['normal', (generator, device) => generator.normal([1 << 20], device)],
    ['normal with mean and deviation', (generator, device) => generator.normal([70_001], device, 0.7, 1.3)],
    ['a permutation', (generator, device) => generator.permutation(1001, device)],
  ])('%s', async (_, draw) => {
    const drawn = await Promise.all(
      (await openBoth()).map(async (device) => {
        const tensor = draw(new RandomGenerator(5), device);
        const values = await tensor.data();
        tensor.dispose();
        return new Int32Array(values.buffer, values.byteOffset, values.length);
      }),
    );
    for (const bits of drawn)
      expect(bits.reduce((count, word, i) => count + (word === drawn[0]![i] ? 0 : 1), 0)).toBe(0);
  });
});
