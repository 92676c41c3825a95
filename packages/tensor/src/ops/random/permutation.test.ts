import { expect, it } from 'vitest';
import { describeOnEach } from '../../testing.ts';
import { RandomGenerator } from './random.ts';

describeOnEach('permutations on $name', ({ open }) => {
  it('hold every number once, differ from draw to draw, and follow from the seed', async () => {
    const device = await open();
    const draw = async (generator: RandomGenerator): Promise<number[]> => {
      const tensor = generator.permutation(100, device);
      const values = [...(await tensor.data())];
      tensor.dispose();
      return values;
    };
    const generator = new RandomGenerator(7);
    const [first, second] = [await draw(generator), await draw(generator)];
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(second).not.toEqual(first);
    expect(await draw(new RandomGenerator(7))).toEqual(first);
  });

  it('put every number everywhere about equally often', async () => {
    const device = await open();
    const generator = new RandomGenerator(3);
    const draws = 600;
    const counts = new Float64Array(16);
    for (let i = 0; i < draws; i++) {
      const tensor = generator.permutation(4, device);
      for (const [place, value] of [...(await tensor.data())].entries()) counts[4 * place + value]!++;
      tensor.dispose();
    }
    // Chi-square with 9 degrees of freedom: above 27.9 in one of a thousand fair cases.
    const chiSquare = counts.reduce((sum, count) => sum + (count - draws / 4) ** 2 / (draws / 4), 0);
    expect(chiSquare).toBeLessThan(27.9);
  });
});
