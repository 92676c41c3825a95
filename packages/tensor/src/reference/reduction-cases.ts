/** Random cases of sums and what is made of them: reductions, softmax, matrix products, running sums. */
import type { Tensor } from '../index.ts';
import * as vg from '../index.ts';
import { at, build, meanOf, reduce, sumOf, zip } from './arrays.ts';
import type { Maker } from './draw.ts';

const varianceOf = (values: number[], correction: number): number =>
  sumOf(values.map((value) => (value - meanOf(values)) ** 2)) / (values.length - correction);

const REDUCTIONS: Readonly<
  Record<string, readonly [(x: Tensor, options: vg.ReduceOptions) => Tensor, (values: number[]) => number]>
> = {
  sum: [vg.sum, sumOf],
  mean: [vg.mean, meanOf],
  max: [vg.max, (values) => Math.max(...values)],
  min: [vg.min, (values) => Math.min(...values)],
  variance: [(x, options) => vg.variance(x, { ...options, correction: 0 }), (values) => varianceOf(values, 0)],
  logSumExp: [vg.logSumExp, (values) => Math.log(sumOf(values.map(Math.exp)))],
};

function reductionCase(name: string): Maker {
  const [op, f] = REDUCTIONS[name]!;
  return (draw) => {
    const shape = draw.shape(draw.whole(1, 5), 4);
    const axes = draw.unit() < 0.8 ? draw.axes(shape.length) : shape.map((_, axis) => axis);
    const keepAxes = draw.unit() < 0.5;
    // All axes may be left unsaid.
    const named = axes.length === shape.length ? {} : { axes };
    return {
      name: `${name} over ${axes} of ${shape}, axes ${keepAxes ? 'kept' : 'dropped'}`,
      inputs: [draw.array(shape)],
      run: ([x]) => op(x!, { ...named, keepAxes }),
      reference: ([x]) => {
        const { shape, data } = reduce(x!, axes, f);
        return { shape: keepAxes ? shape : shape.filter((_, axis) => !axes.includes(axis)), data };
      },
    };
  };
}

const product: Maker = (draw) => {
  const [b, m, k, n] = [draw.whole(1, 3), draw.whole(1, 6), draw.whole(1, 6), draw.whole(1, 6)];
  const [transposeA, transposeB] = [draw.unit() < 0.5, draw.unit() < 0.5];
  return {
    name: `matmul ${[b, m, k, n]} ${transposeA} ${transposeB}`,
    inputs: [draw.array(transposeA ? [b, k, m] : [b, m, k]), draw.array(transposeB ? [n, k] : [k, n])],
    run: ([x, y]) => vg.matmul(x!, y!, { transposeA, transposeB }),
    reference: ([x, y]) =>
      build([b, m, n], ([i, row, column]) => {
        let total = 0;
        for (let j = 0; j < k; j++)
          total +=
            at(x!, transposeA ? [i!, j, row!] : [i!, row!, j]) * at(y!, transposeB ? [column!, j] : [j, column!]);
        return total;
      }),
  };
};

const softmaxes: Maker = (draw) => {
  const logarithm = draw.unit() < 0.5;
  const shape = [...draw.shape(draw.whole(1, 3)), draw.whole(1, 6)];
  const last = [shape.length - 1];
  return {
    name: `${logarithm ? 'log' : ''}softmax ${shape}`,
    inputs: [draw.array(shape)],
    run: ([x]) => (logarithm ? vg.logSoftmax(x!) : vg.softmax(x!)),
    reference: ([x]) => {
      const total = reduce(x!, last, (values) => sumOf(values.map(Math.exp)));
      return zip(x!, total, (value, sum) => (logarithm ? value - Math.log(sum) : Math.exp(value) / sum));
    },
  };
};

const runningSum: Maker = (draw) => {
  const shape = draw.shape(draw.whole(1, 4), 4);
  const axis = draw.whole(0, shape.length - 1);
  const reverse = draw.unit() < 0.3;
  return {
    name: `cumulativeSum of ${shape} along ${axis}${reverse ? ', reversed' : ''}`,
    inputs: [draw.array(shape)],
    run: ([x]) => vg.cumulativeSum(x!, axis, reverse),
    reference: ([x]) =>
      build(shape, (position) => {
        const here = position[axis]!;
        const indices = Array.from({ length: shape[axis]! }, (_, i) => i).filter((i) =>
          reverse ? i >= here : i <= here,
        );
        return sumOf(indices.map((i) => at(x!, position.with(axis, i))));
      }),
  };
};

const deviation: Maker = (draw) => {
  // One value alone deviates by 0, where the root has no derivative.
  const shape = [draw.whole(3, 5), draw.whole(1, 3)];
  const correction = draw.pick([0, 1]);
  return {
    name: `standardDeviation of ${shape}, correction ${correction}`,
    inputs: [draw.array(shape)],
    run: ([x]) => vg.standardDeviation(x!, { axes: 0, keepAxes: true, correction }),
    reference: ([x]) => reduce(x!, [0], (values) => Math.sqrt(varianceOf(values, correction))),
  };
};

export const REDUCTION_CASES: Readonly<Record<string, Maker>> = {
  ...Object.fromEntries(Object.keys(REDUCTIONS).map((name) => [name, reductionCase(name)])),
  deviation,
  product,
  softmaxes,
  runningSum,
};
