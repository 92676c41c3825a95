/** Volumes with their axes in another order. */
import type { VoxelArray } from '@voxelgrad/io';
import { inOrder } from '../plan/target-spacing.ts';

/** `[a, b, c]` → axes in `order`, as NumPy's `transpose`; the same array where the order changes nothing. */
export function transposeVolume<Data extends VoxelArray>(
  data: Data,
  shape: readonly number[],
  order: readonly number[],
): Data {
  if (order.every((axis, i) => axis === i)) return data;
  const strides = inOrder([shape[1]! * shape[2]!, shape[2]!, 1], order);
  const [depth, height, width] = inOrder(shape, order) as [number, number, number];
  const out = new (data.constructor as new (length: number) => Data)(data.length);
  let index = 0;
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      let from = z * strides[0]! + y * strides[1]!;
      for (let x = 0; x < width; x++, from += strides[2]!) out[index++] = data[from]!;
    }
  return out;
}
