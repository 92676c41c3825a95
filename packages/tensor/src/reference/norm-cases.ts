/** Random cases of normalisation over space, groups of channels, channels, and the batch. */
import * as vg from '../index.ts';
import { count, type Doubles } from './arrays.ts';
import type { Draw, Maker } from './draw.ts';
import * as volumes from './volumes.ts';

const grouped: Maker = (draw) => {
  const groups = draw.pick([1, 2, 4]);
  const c = groups * draw.pick([1, 2]);
  const slope = draw.pick([1, 0.01]);
  return {
    name: `groupNorm ${groups} of ${c}, slope ${slope}`,
    inputs: [
      draw.array([draw.whole(1, 2), ...draw.shape(draw.whole(1, 3), 4), 5, c]),
      draw.array([c], 0.5, 1.5),
      draw.array([c]),
    ],
    run: ([x, weight, bias]) => vg.groupNorm(x!, groups, { weight: weight!, bias: bias!, slope }),
    reference: ([x, weight, bias]) => volumes.norm(x!, weight!, bias!, groups, slope),
  };
};

/** x [n, …space, c], weight [c] and bias [c]. */
const operands = (draw: Draw, c: number): Doubles[] => [
  draw.array([draw.whole(1, 2), ...draw.shape(draw.whole(1, 3), 4), 5, c]),
  draw.array([c], 0.5, 1.5),
  draw.array([c]),
];

const perInstance: Maker = (draw) => {
  const c = draw.whole(1, 5);
  const slope = draw.pick([1, 0.01]);
  return {
    name: `instanceNorm of ${c}, slope ${slope}`,
    inputs: operands(draw, c),
    run: ([x, weight, bias]) => vg.instanceNorm(x!, { weight: weight!, bias: bias!, slope }),
    reference: ([x, weight, bias]) => volumes.norm(x!, weight!, bias!, c, slope),
  };
};

/** The same values under another shape, there and back. */
const seenAs = (x: Doubles, shape: readonly number[], work: (x: Doubles) => Doubles): Doubles => ({
  shape: x.shape,
  data: work({ shape, data: x.data }).data,
});

const perRow: Maker = (draw) => {
  const normalizedShape = [...draw.shape(draw.whole(0, 2), 4), draw.whole(3, 6)];
  const size = count(normalizedShape);
  return {
    name: `layerNorm of ${normalizedShape}`,
    inputs: [
      draw.array([...draw.shape(draw.whole(1, 2), 4), ...normalizedShape]),
      draw.array(normalizedShape, 0.5, 1.5),
      draw.array(normalizedShape),
    ],
    run: ([x, weight, bias]) => vg.layerNorm(x!, { normalizedShape, weight: weight!, bias: bias! }),
    reference: ([x, weight, bias]) =>
      seenAs(x!, [x!.data.length / size, 1, size], (x) => volumes.norm(x, weight!, bias!, 1, 1)),
  };
};

const perBatch: Maker = (draw) => {
  const c = draw.whole(1, 5);
  return {
    name: `batchNorm of ${c}`,
    inputs: operands(draw, c),
    run: ([x, weight, bias]) => {
      const placement = { device: x!.device };
      const [runningMean, runningVariance] = [vg.zeros([c], placement), vg.ones([c], placement)];
      return vg.batchNorm(x!, { weight: weight!, bias: bias!, runningMean, runningVariance, training: true }).y;
    },
    reference: ([x, weight, bias]) =>
      seenAs(x!, [1, x!.data.length / c, c], (x) => volumes.norm(x, weight!, bias!, c, 1)),
  };
};

export const NORM_CASES: Readonly<Record<string, Maker>> = {
  'norm of groups': grouped,
  'norm of instances': perInstance,
  'norm of rows': perRow,
  'norm of batches': perBatch,
};
