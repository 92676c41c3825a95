/**
 * The gradient of sampleGrid with respect to its grid where finite differences say nothing: on voxels, on the edge and beyond. The numbers are those of torch
 * 2.13's grid_sample (bilinear, align_corners) in double precision, in voxels.
 */
import { expect, it } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import { fromArray, gradients, mul, noGrad, sampleGrid, sum, tidy } from '../../index.ts';
import { describeOnEach, expectClose } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

const SHAPE = [1, 3, 5, 2, 2] as const;
const POINTS = [
  [0.5, 1.25, 0.5],
  [1, 2, 0],
  [0, 0, 0],
  [2, 4, 1],
  [-0.5, 1.5, 0.25],
  [2.5, 4.75, 1.5],
  [-3, 2, 0.5],
  [1.75, 3.5, -0.25],
];
const VALUES = Array.from({ length: 60 }, (_, i) => (7 * i) % 11);
const WEIGHTS = Array.from({ length: 16 }, (_, i) => ((5 * i) % 7) - 2);

const EXPECTED = {
  zero: [
    [10.75, 6, -10.75],
    [0, 0, -11],
    [26, 14, 18],
    [12, 12, 12],
    [17.125, -5.875, 3.25],
    [-1.75, -3.5, -1.75],
    [0, 0, 0],
    [10.125, -14.0625, 5.125],
  ],
  edge: [
    [10.75, 6, -10.75],
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
    [0, -11.75, 6.5],
    [0, 0, 0],
    [0, 12, 6],
    [13.5, -18.75, 0],
  ],
};
const EXPECTED_PLANE = {
  zero: [
    [11.5, -5.25],
    [11, 11],
    [14, 18],
    [2, 2],
    [-11.75, 6.5],
    [0.5, 0.25],
    [12, 6],
    [21, 9],
  ],
  edge: [
    [11.5, -5.25],
    [11, 0],
    [0, 0],
    [0, 0],
    [-11.75, 6.5],
    [0, 0],
    [12, 6],
    [28, 0],
  ],
};

describeOnEach('the grid of sampleGrid on $name', ({ open }) => {
  it.each(['zero', 'edge'] as const)("gets torch's gradient, outside %s", async (outside) => {
    const device = await open();
    const [inSpace, inPlane] = tidy(() => {
      const x = fromArray(VALUES, SHAPE, { device });
      const grid = fromArray(POINTS.flat(), [1, 1, 1, 8, 3], { device }).requireGradient();
      const weights = fromArray(WEIGHTS, [1, 1, 1, 8, 2], { device });
      const image = fromArray(VALUES.slice(0, 20), [1, 5, 2, 2], { device });
      const pairs = fromArray(
        POINTS.flatMap(([, y, x]) => [y!, x!]),
        [1, 1, 8, 2],
        { device },
      ).requireGradient();
      const plane = fromArray(WEIGHTS, [1, 1, 8, 2], { device });
      return [
        gradients(sum(mul(sampleGrid(x, grid, { outside }), weights)), [grid])[0]!,
        gradients(sum(mul(sampleGrid(image, pairs, { outside }), plane)), [pairs])[0]!,
      ];
    });
    expectClose(await inSpace.data(), EXPECTED[outside].flat(), { rtol: 1e-6, atol: 1e-6 });
    expectClose(await inPlane.data(), EXPECTED_PLANE[outside].flat(), { rtol: 1e-6, atol: 1e-6 });
    inSpace.dispose();
    inPlane.dispose();
  });

  it('may be f16, as may be what is sampled', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const [dx, dgrid] = tidy(() => {
      const x = fromArray(VALUES, SHAPE, { device, dtype: 'f16' }).requireGradient();
      const grid = fromArray(POINTS.flat(), [1, 1, 1, 8, 3], { device, dtype: 'f16' }).requireGradient();
      return gradients(sum(mul(sampleGrid(x, grid), fromArray(WEIGHTS, [1, 1, 1, 8, 2], { device, dtype: 'f16' }))), [
        x,
        grid,
      ]);
    });
    expect([dx!.dtype, dgrid!.dtype]).toEqual(['f16', 'f16']);
    expectClose(await dgrid!.data(), EXPECTED.zero.flat(), { rtol: 1e-3, atol: 1e-6 });
    dx!.dispose();
    dgrid!.dispose();
  });

  it("is refused where it wants a gradient and 'nearest' has none", async () => {
    const device = await open();
    const x = fromArray(VALUES, SHAPE, { device });
    const grid = fromArray(POINTS.flat(), [1, 1, 1, 8, 3], { device }).requireGradient();
    let error: unknown;
    try {
      sampleGrid(x, grid, { mode: 'nearest' });
    } catch (thrown) {
      error = thrown;
    }
    expect(isVoxelgradError(error, 'autograd')).toBe(true);
    expect(String(error)).toMatch(/grid \[1, 1, 1, 8, 3\].*nearest[\s\S]*detach/);
    tidy(() => {
      sampleGrid(x, grid.detach(), { mode: 'nearest' });
      noGrad(() => sampleGrid(x, grid, { mode: 'nearest' }));
    });
    x.dispose();
    grid.dispose();
  });
});
