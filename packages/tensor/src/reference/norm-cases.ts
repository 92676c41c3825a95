/** Random cases of normalisation over space, groups of channels, channels, and the batch. */
import type { Pair, Tensor, Triple } from '../index.ts';
import * as vg from '../index.ts';
import { at, build, count, type Doubles } from './arrays.ts';
import type { Draw, Maker } from './draw.ts';
import * as volumes from './volumes.ts';

/** x [n, …space, c], weight [c] and bias [c]. */
const operands = (draw: Draw, c: number): Doubles[] => [
  draw.array([draw.whole(1, 2), ...draw.shape(draw.whole(1, 3), 4), 5, c]),
  draw.array([c], 0.5, 1.5),
  draw.array([c]),
];

/** As above, now and then without weight and bias. */
const someOperands = (draw: Draw, c: number): Doubles[] => operands(draw, c).slice(0, draw.unit() < 0.75 ? 3 : 1);

const someSettings = (draw: Draw) => ({ slope: draw.pick([1, 0.01, 0.3]), epsilon: draw.pick([1e-5, 1e-2]) });

const grouped: Maker = (draw) => {
  const groups = draw.pick([1, 2, 4]);
  const c = groups * draw.pick([1, 2]);
  const settings = someSettings(draw);
  const inputs = someOperands(draw, c);
  return {
    name: `groupNorm ${groups} of ${c}, ${JSON.stringify(settings)}, ${inputs.length} inputs`,
    inputs,
    run: ([x, weight, bias]) => vg.groupNorm(x!, groups, { weight, bias, ...settings }),
    reference: ([x, weight, bias]) => volumes.norm(x!, weight, bias, { groups, ...settings }),
  };
};

const perInstance: Maker = (draw) => {
  const c = draw.whole(1, 5);
  const settings = someSettings(draw);
  const inputs = someOperands(draw, c);
  return {
    name: `instanceNorm of ${c}, ${JSON.stringify(settings)}, ${inputs.length} inputs`,
    inputs,
    run: ([x, weight, bias]) => vg.instanceNorm(x!, { weight, bias, ...settings }),
    reference: ([x, weight, bias]) => volumes.norm(x!, weight, bias, { groups: c, ...settings }),
  };
};

const convolved: Maker = (draw) => {
  const [cin, cout] = [draw.whole(1, 3), draw.whole(1, 5)];
  const settings = someSettings(draw);
  const [stride, padding] = [
    draw.pick<Triple>([
      [1, 1, 1],
      [1, 2, 1],
    ]),
    draw.pick<Triple>([
      [1, 1, 1],
      [0, 0, 1],
    ]),
  ];
  const dilation = [1, 1, 1];
  const inputs = [
    draw.array([draw.whole(1, 2), 3, draw.whole(4, 5), 4, cin]),
    draw.array([3, 3, 2, cin, cout]),
    draw.array([cout]),
    draw.array([cout], 0.5, 1.5),
    draw.array([cout]),
  ];
  return {
    name: `convNorm3d ${cin} → ${cout}, stride ${stride}, padding ${padding}, ${JSON.stringify(settings)}`,
    inputs,
    run: ([x, w, bias, scale, shift]) =>
      vg.convNorm3d(x!, w!, { bias, stride, padding, norm: { weight: scale, bias: shift, ...settings } }),
    reference: ([x, w, bias, scale, shift]) => {
      const y = volumes.conv3d(x!, w!, bias, { stride, padding, dilation, groups: 1 });
      return volumes.norm(y, scale, shift, { groups: cout, ...settings });
    },
  };
};

const convolvedImage: Maker = (draw) => {
  const [cin, cout] = [draw.whole(1, 3), draw.whole(1, 5)];
  const settings = someSettings(draw);
  const [stride, padding] = [
    draw.pick<Pair>([
      [1, 1],
      [1, 2],
    ]),
    draw.pick<Pair>([
      [1, 1],
      [0, 1],
    ]),
  ];
  const inputs = [draw.array([2, draw.whole(4, 5), 4, cin]), draw.array([3, 2, cin, cout])];
  const deep = ({ shape, data }: Doubles, axis: number): Doubles => ({ shape: shape.toSpliced(axis, 0, 1), data });
  return {
    name: `convNorm2d ${cin} → ${cout}, stride ${stride}, padding ${padding}, ${JSON.stringify(settings)}`,
    inputs,
    run: ([x, w]) => vg.convNorm2d(x!, w!, { stride, padding, norm: settings }),
    reference: ([x, w]) => {
      const geometry = { stride: [1, ...stride], padding: [0, ...padding], dilation: [1, 1, 1], groups: 1 };
      const { shape, data } = volumes.conv3d(deep(x!, 1), deep(w!, 0), undefined, geometry);
      return volumes.norm({ shape: shape.toSpliced(1, 1), data }, undefined, undefined, { groups: cout, ...settings });
    },
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
  const settings = someSettings(draw);
  const inputs = [
    draw.array([...draw.shape(draw.whole(1, 2), 4), ...normalizedShape]),
    draw.array(normalizedShape, 0.5, 1.5),
    draw.array(normalizedShape),
  ].slice(0, draw.unit() < 0.75 ? 3 : 1);
  return {
    name: `layerNorm of ${normalizedShape}, ${JSON.stringify(settings)}, ${inputs.length} inputs`,
    inputs,
    run: ([x, weight, bias]) => vg.layerNorm(x!, { normalizedShape, weight, bias, ...settings }),
    reference: ([x, weight, bias]) =>
      seenAs(x!, [x!.data.length / size, 1, size], (x) => volumes.norm(x, weight, bias, { groups: 1, ...settings })),
  };
};

const perBatch: Maker = (draw) => {
  const c = draw.whole(1, 5);
  const epsilon = draw.pick([1e-5, 1e-2]);
  return {
    name: `batchNorm of ${c}, epsilon ${epsilon}`,
    inputs: operands(draw, c),
    run: ([x, weight, bias]) => {
      const placement = { device: x!.device };
      const [runningMean, runningVariance] = [vg.zeros([c], placement), vg.ones([c], placement)];
      return vg.batchNorm(x!, { weight: weight!, bias: bias!, runningMean, runningVariance, training: true, epsilon })
        .y;
    },
    reference: ([x, weight, bias]) =>
      seenAs(x!, [1, x!.data.length / c, c], (x) => volumes.norm(x, weight!, bias!, { groups: c, epsilon })),
  };
};

/** By statistics that were gathered before. */
const byRunningStatistics: Maker = (draw) => {
  const c = draw.whole(1, 5);
  const epsilon = draw.pick([1e-5, 1e-2]);
  const [mean, variance] = [draw.array([c]), draw.array([c], 0.3, 2)];
  return {
    name: `batchNorm of ${c} by running statistics, epsilon ${epsilon}`,
    inputs: operands(draw, c),
    run: ([x, weight, bias]) => {
      const [runningMean, runningVariance] = [mean, variance].map(({ data, shape }) =>
        vg.fromArray(Float32Array.from(data), shape, { device: x!.device }),
      ) as [Tensor, Tensor];
      const statistics = { runningMean, runningVariance, training: false };
      return vg.batchNorm(x!, { weight: weight!, bias: bias!, ...statistics, epsilon }).y;
    },
    reference: ([x, weight, bias]) =>
      build(x!.shape, (position) => {
        const channel = position.at(-1)!;
        const z = (at(x!, position) - mean.data[channel]!) / Math.sqrt(variance.data[channel]! + epsilon);
        return z * weight!.data[channel]! + bias!.data[channel]!;
      }),
  };
};

export const NORM_CASES: Readonly<Record<string, Maker>> = {
  'norm of groups': grouped,
  'norm of instances': perInstance,
  'norm of convolutions': convolved,
  'norm of convolutions of images': convolvedImage,
  'norm of rows': perRow,
  'norm of batches': perBatch,
  'norm by running statistics': byRunningStatistics,
};
