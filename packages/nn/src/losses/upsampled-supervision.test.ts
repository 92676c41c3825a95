/** NVIDIA's deep supervision against its sum written out, and its gradient against finite differences. */
import { fromArray, mean, square, sub, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { it } from 'vitest';
import { upsampledSupervision } from './segmentation.ts';

describeOnEach('supervision of outputs that are scaled up on $name', ({ open }) => {
  const shapes = [
    [2, 4, 4, 8, 3],
    [2, 2, 2, 4, 3],
    [2, 1, 2, 2, 3],
    [2, 1, 1, 1, 3],
  ];
  const loss = upsampledSupervision((logits, target) => mean(square(sub(logits, target))));
  const values = shapes.map((shape, i) => testValues(shape, i + 1));
  const truth = testValues(shapes[0]!, 9);

  /** Each voxel of the target is compared with the output voxel that it lies in. */
  function expected(outputs: readonly ArrayLike<number>[]): number {
    const [, d, h, w, c] = shapes[0] as [number, number, number, number, number];
    const terms = [0, 1, 2].map((i) => {
      const [, od, oh, ow] = shapes[i] as [number, number, number, number];
      let sum = 0;
      for (let at = 0; at < truth.length; at++) {
        const [channel, x, y, z] = [
          at % c,
          Math.floor(at / c) % w,
          Math.floor(at / c / w) % h,
          Math.floor(at / c / w / h) % d,
        ];
        const n = Math.floor(at / (c * w * h * d));
        const [oz, oy, ox] = [Math.floor((z * od) / d), Math.floor((y * oh) / h), Math.floor((x * ow) / w)];
        sum += (outputs[i]![(((n * od + oz) * oh + oy) * ow + ox) * c + channel]! - truth[at]!) ** 2;
      }
      return sum / truth.length;
    });
    return (terms[0]! + terms[1]! / 2 + terms[2]! / 4) / 1.75;
  }

  it('is the weighted sum over the three finest, and so is its gradient', async () => {
    const device = await open();
    const outputs = values.map((value, i) => fromArray(value, shapes[i]!, { device }).requireGradient());
    const target = fromArray(truth, shapes[0]!, { device });
    const value = tidy((): Tensor => {
      const result = loss(outputs, target);
      result.backward();
      return result.detach();
    });
    expectClose([await value.item()], [expected(values)], { rtol: 1e-5, atol: 1e-6 });
    for (const [i, place] of [
      [0, 17],
      [1, 31],
      [2, 5],
    ] as const) {
      const moved = (step: number): number =>
        expected(values.map((each, j) => (j === i ? each.with(place, each[place]! + step) : each)));
      const slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
      expectClose([(await outputs[i]!.gradient!.data())[place]!], [slope], { rtol: 1e-3, atol: 1e-5 });
    }
    for (const tensor of [...outputs, target, value]) tensor.dispose();
  });
});
