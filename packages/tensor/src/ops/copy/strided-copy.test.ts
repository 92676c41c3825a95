/** Strided copies of random boxes (permuted, flipped, stretched, into a part of the target) against plain loops: each takes one of several kernels. */
import { expect, it } from 'vitest';
import type { DType } from '../../dtype.ts';
import { sizeOf, stridesOf } from '../../shape.ts';
import { describeOnEach, empty, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { StridedBox } from './copy.kernels.ts';

const CASES = 120;
const DTYPES: readonly DType[] = ['f32', 'u8', 'f16', 'i32'];
const BACKGROUND = 99;

/** Whole numbers in [0, limit), the same every time. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

interface Case {
  readonly dtype: DType;
  readonly size: number;
  readonly targetSize: number;
  readonly box: StridedBox;
}

function randomCase(random: (limit: number) => number): Case {
  const shape = Array.from({ length: 1 + random(5) }, () => 1 + random([3, 9, 21, 37][random(4)]!));
  while (sizeOf(shape) > 20_000) shape[shape.indexOf(Math.max(...shape))]! >>= 1;
  const order = shape.map((_, axis) => ({ axis, key: random(1000) })).sort((a, b) => a.key - b.key);
  const permuted = stridesOf(order.map(({ axis }) => shape[axis]!));
  const fromStrides = new Array<number>(shape.length).fill(0);
  for (const [i, { axis }] of order.entries()) fromStrides[axis] = permuted[i]!;
  let fromOffset = 0;
  for (const [axis, extent] of shape.entries()) {
    const kind = random(6);
    if (kind < 2) {
      fromOffset += fromStrides[axis]! * (extent - 1);
      fromStrides[axis] = -fromStrides[axis]!;
    } else if (kind === 2) fromStrides[axis] = 0;
  }
  const target = shape.map((extent) => extent + random(2));
  const toStrides = stridesOf(target);
  const toOffset = shape.reduce((sum, extent, axis) => sum + (target[axis]! - extent) * toStrides[axis]!, 0);
  const box = { shape, fromOffset, fromStrides, toOffset, toStrides };
  return { dtype: DTYPES[random(DTYPES.length)]!, size: sizeOf(shape), targetSize: sizeOf(target), box };
}

/** Values that every dtype holds. */
const valuesFor = (dtype: DType, size: number): number[] =>
  Array.from({ length: size }, (_, i) => (dtype === 'u8' ? i % 251 : i % 2039));

function copied(values: readonly number[], targetSize: number, box: StridedBox): number[] {
  const result = new Array<number>(targetSize).fill(BACKGROUND);
  const strides = stridesOf(box.shape);
  for (let i = 0; i < sizeOf(box.shape); i++) {
    let [from, to] = [box.fromOffset, box.toOffset];
    for (const [axis, extent] of box.shape.entries()) {
      const at = Math.floor(i / strides[axis]!) % extent;
      from += at * box.fromStrides[axis]!;
      to += at * box.toStrides[axis]!;
    }
    result[to] = values[from]!;
  }
  return result;
}

describeOnEach('strided copies on $name', ({ open }) => {
  it.for(DTYPES)('of %s agree with plain loops for random boxes', async (dtype, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    const random = generator(7);
    for (let i = 0; i < CASES; i++) {
      const { size, targetSize, box, ...drawn } = randomCase(random);
      if (drawn.dtype !== dtype) continue;
      const values = valuesFor(dtype, size);
      const x = upload(device, dtype, [size], values);
      const out = empty(device, dtype, [targetSize]);
      device.kernels.fill(out, BACKGROUND);
      device.kernels.stridedCopy(x, out, box);
      const result = Array.from(await device.read(out));
      expect(result, `${dtype} ${JSON.stringify(box)}`).toEqual(copied(values, targetSize, box));
      device.free(x.buffer);
      device.free(out.buffer);
    }
  });
});
