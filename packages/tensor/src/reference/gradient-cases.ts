/** Random cases of every differentiable op: inputs, the op on tensors, and the same in double precision. A case is a function of its seed. */

import type { Tensor, Triple } from '../index.ts';
import * as vg from '../index.ts';
import { at, build, count, type Doubles, map, meanOf, reduce, sumOf, zip } from './arrays.ts';
import { FUNCTIONS } from './functions.ts';
import * as volumes from './volumes.ts';

export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly Doubles[];
  readonly run: (inputs: readonly Tensor[]) => Tensor;
  readonly reference: (inputs: readonly Doubles[]) => Doubles;
}

/** Draws for one case. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
    for (let i = 0; i < 4; i++) this.unit();
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.whole(0, values.length - 1)]!;
  }

  array(shape: readonly number[], low = -1.5, high = 1.5): Doubles {
    // Single precision, so that both sides start from the same numbers.
    return build(shape, () => Math.fround(low + (high - low) * this.unit()));
  }

  shape(rank: number, largest = 5): number[] {
    return Array.from({ length: rank }, () => this.whole(1, largest));
  }

  axes(rank: number): number[] {
    const chosen = Array.from({ length: rank }, (_, axis) => axis).filter(() => this.unit() < 0.5);
    return chosen.length === 0 ? [this.whole(0, rank - 1)] : chosen;
  }
}

type Maker = (draw: Draw) => GradientCase;

function functionCase(name: string): Maker {
  const { f, domain, kinks = [] } = FUNCTIONS[name]!;
  // biome-ignore lint/performance/noDynamicNamespaceImportAccess: tests choose ops by their names
  const op = vg[name as keyof typeof vg] as (x: Tensor) => Tensor;
  return (draw) => ({
    name,
    inputs: [
      map(draw.array(draw.shape(draw.whole(0, 4)), ...domain), (x) =>
        kinks.some((k) => Math.abs(x - k) < 1e-3) ? 0.5 : x,
      ),
    ],
    run: ([x]) => op(x!),
    reference: ([x]) => map(x!, f),
  });
}

/** Two shapes that broadcast to one. */
function broadcastable(draw: Draw): [number[], number[]] {
  const full = draw.shape(draw.whole(1, 4), 4);
  const thin = (shape: number[]): number[] =>
    shape.map((extent) => (draw.unit() < 0.3 ? 1 : extent)).slice(draw.unit() < 0.3 ? 1 : 0);
  return draw.unit() < 0.5 ? [full, thin(full)] : [thin(full), full];
}

function pairCase(
  name: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  low = -1.5,
): Maker {
  return (draw) => {
    const [left, right] = broadcastable(draw);
    return {
      name,
      inputs: [draw.array(left, low), draw.array(right, low)],
      run: ([a, b]) => op(a!, b!),
      reference: ([a, b]) => zip(a!, b!, f),
    };
  };
}

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
    const axes = draw.axes(shape.length);
    return {
      name: `${name} over ${axes} of ${shape}`,
      inputs: [draw.array(shape)],
      run: ([x]) => op(x!, { axes, keepAxes: true }),
      reference: ([x]) => reduce(x!, axes, f),
    };
  };
}

const triple = (draw: Draw, choices: readonly Triple[]): Triple => draw.pick(choices);
const KERNELS: readonly Triple[] = [
  [1, 1, 1],
  [2, 2, 2],
  [3, 3, 3],
  [1, 3, 3],
  [3, 1, 2],
];
const STRIDES: readonly Triple[] = [
  [1, 1, 1],
  [2, 2, 2],
  [1, 2, 2],
];
const PADDINGS: readonly Triple[] = [
  [0, 0, 0],
  [1, 1, 1],
  [0, 1, 1],
];

function window(draw: Draw): volumes.Window & { kernel: Triple; stride: Triple; padding: Triple; dilation: Triple } {
  const dilation = draw.pick([1, 1, 1, 2]);
  return {
    kernel: triple(draw, KERNELS),
    stride: triple(draw, STRIDES),
    padding: triple(draw, PADDINGS),
    dilation: [dilation, dilation, dilation],
    groups: draw.pick([1, 1, 2]),
  };
}

/** An input as large as its window needs, and a little more. */
const roomFor = (draw: Draw, { kernel, dilation }: ReturnType<typeof window>): number[] =>
  kernel.map((k, i) => dilation[i]! * (k - 1) + 1 + draw.whole(0, 3));

const convolution: Maker = (draw) => {
  const geometry = window(draw);
  const { kernel, groups } = geometry;
  const [perGroup, outPerGroup] = [draw.pick([1, 2, 3, 4, 8]), draw.pick([1, 2, 3, 4, 8])];
  const cout = outPerGroup * groups;
  return {
    name: `conv3d ${JSON.stringify(geometry)} ${perGroup} → ${outPerGroup}`,
    inputs: [
      draw.array([draw.whole(1, 2), ...roomFor(draw, geometry), perGroup * groups]),
      draw.array([...kernel, perGroup, cout]),
      draw.array([cout]),
    ],
    run: ([x, w, b]) => vg.conv3d(x!, w!, { ...geometry, bias: b! }),
    reference: ([x, w, b]) => volumes.conv3d(x!, w!, b!, geometry),
  };
};

const transposedConvolution: Maker = (draw) => {
  const geometry = { ...window(draw), padding: [0, 0, 0] as Triple };
  const { kernel, groups } = geometry;
  const [inPerGroup, perGroup] = [draw.pick([1, 2, 3, 4]), draw.pick([1, 2, 3, 4])];
  return {
    name: `convTranspose3d ${JSON.stringify(geometry)} ${inPerGroup} → ${perGroup}`,
    inputs: [
      draw.array([1, ...draw.shape(3, 4), inPerGroup * groups]),
      draw.array([...kernel, perGroup, inPerGroup * groups]),
      draw.array([perGroup * groups]),
    ],
    run: ([x, w, b]) => vg.convTranspose3d(x!, w!, { ...geometry, bias: b! }),
    reference: ([x, w, b]) => volumes.convTranspose3d(x!, w!, b!, geometry, [0, 0, 0]),
  };
};

const normalization: Maker = (draw) => {
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

const resampling: Maker = (draw) => {
  const mode = draw.pick(['nearest', 'nearest-exact', 'linear', 'linear', 'cubic'] as const);
  const alignCorners = mode === 'linear' && draw.unit() < 0.3;
  const size = draw.shape(3, 6) as unknown as Triple;
  return {
    name: `interpolate ${mode} to ${size}`,
    inputs: [draw.array([1, ...draw.shape(3, 5), draw.whole(1, 3)])],
    run: ([x]) => vg.interpolate(x!, size, { mode, alignCorners }),
    reference: ([x]) => volumes.interpolate(x!, size, mode, alignCorners),
  };
};

const pooling: Maker = (draw) => {
  const mode = draw.pick(['max', 'average'] as const);
  const kernel = draw.pick<Triple>([
    [2, 2, 2],
    [1, 2, 2],
    [3, 3, 3],
  ]);
  const stride = triple(draw, STRIDES);
  const op = mode === 'max' ? vg.maxPool3d : vg.averagePool3d;
  return {
    name: `${mode} pooling ${kernel} stride ${stride}`,
    inputs: [draw.array([1, ...kernel.map((k) => k + draw.whole(0, 3)), draw.whole(1, 3)])],
    run: ([x]) => op(x!, { kernel, stride }),
    reference: ([x]) => volumes.pool(x!, mode, kernel, stride, [0, 0, 0]),
  };
};

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

const movement: Maker = (draw) => {
  const shape = draw.shape(draw.whole(1, 4), 4);
  const rank = shape.length;
  const x = draw.array(shape);
  const one = (
    name: string,
    op: (x: Tensor) => Tensor,
    out: readonly number[],
    from: (position: number[]) => number[],
  ): GradientCase => ({
    name: `${name} of ${shape}`,
    inputs: [x],
    run: ([x]) => op(x!),
    reference: ([x]) => build(out, (position) => at(x!, from(position))),
  });
  const axis = draw.whole(0, rank - 1);
  const kind = draw.pick([
    'permute',
    'flip',
    'slice',
    'pad',
    'border',
    'broadcast',
    'gather',
    'reshape',
    'concat',
    'cumulative',
  ] as const);
  if (kind === 'permute') {
    const order = shape.map((_, i) => i).sort(() => draw.unit() - 0.5);
    return one(
      kind,
      (x) => vg.permute(x, order),
      order.map((a) => shape[a]!),
      (p) => shape.map((_, a) => p[order.indexOf(a)]!),
    );
  }
  if (kind === 'flip') {
    const axes = draw.axes(rank);
    return one(
      kind,
      (x) => vg.flip(x, axes),
      shape,
      (p) => p.map((v, a) => (axes.includes(a) ? shape[a]! - 1 - v : v)),
    );
  }
  if (kind === 'slice') {
    const start = shape.map((extent) => draw.whole(0, extent - 1));
    const end = shape.map((extent, a) => draw.whole(start[a]! + 1, extent));
    return one(
      kind,
      (x) => vg.slice(x, start, end),
      shape.map((_, a) => end[a]! - start[a]!),
      (p) => p.map((v, a) => v + start[a]!),
    );
  }
  if (kind === 'pad') {
    const amounts = shape.map(() => [draw.whole(0, 2), draw.whole(0, 2)] as const);
    return one(
      kind,
      (x) => vg.pad(x, amounts),
      shape.map((e, a) => e + amounts[a]![0] + amounts[a]![1]),
      (p) => p.map((v, a) => v - amounts[a]![0]),
    );
  }
  if (kind === 'border') {
    const mode = draw.pick(['edge', 'mirror'] as const);
    const amounts = shape.map((extent) => [draw.whole(0, extent - 1), draw.whole(0, extent - 1)] as const);
    const inside = (v: number, extent: number): number => {
      if (mode === 'edge') return Math.min(Math.max(v, 0), extent - 1);
      return v < 0 ? -v : v >= extent ? 2 * (extent - 1) - v : v;
    };
    return one(
      `${mode} padding`,
      (x) => vg.padBorder(x, amounts, mode),
      shape.map((e, a) => e + amounts[a]![0] + amounts[a]![1]),
      (p) => p.map((v, a) => inside(v - amounts[a]![0], shape[a]!)),
    );
  }
  if (kind === 'broadcast') {
    const thin = shape.map((extent, a) => (a === axis ? 1 : extent));
    const wide = [2, ...thin.map((extent, a) => (a === axis ? 3 : extent))];
    return {
      name: `broadcastTo ${wide}`,
      inputs: [draw.array(thin)],
      run: ([x]) => vg.broadcastTo(x!, wide),
      reference: ([x]) =>
        build(wide, (p) =>
          at(
            x!,
            p.slice(1).map((v, a) => (a === axis ? 0 : v)),
          ),
        ),
    };
  }
  if (kind === 'gather') {
    const index = Array.from({ length: draw.whole(1, 6) }, () => draw.whole(0, shape[axis]! - 1));
    return one(
      kind,
      (x) => vg.gather(x, vg.fromArray(Int32Array.from(index), [index.length], { device: x.device }), axis),
      shape.map((e, a) => (a === axis ? index.length : e)),
      (p) => p.map((v, a) => (a === axis ? index[v]! : v)),
    );
  }
  if (kind === 'concat') {
    const other = shape.map((extent, a) => (a === axis ? draw.whole(1, 4) : extent));
    return {
      name: `concat ${shape} and ${other} along ${axis}`,
      inputs: [x, draw.array(other)],
      run: ([a, b]) => vg.concat([a!, b!], axis),
      reference: ([a, b]) =>
        build(
          shape.map((e, i) => (i === axis ? e + other[i]! : e)),
          (p) =>
            p[axis]! < shape[axis]!
              ? at(a!, p)
              : at(
                  b!,
                  p.map((v, i) => (i === axis ? v - shape[axis]! : v)),
                ),
        ),
    };
  }
  if (kind === 'cumulative')
    return {
      name: `cumulativeSum of ${shape} along ${axis}`,
      inputs: [x],
      run: ([x]) => vg.cumulativeSum(x!, axis),
      reference: ([x]) =>
        build(shape, (p) =>
          sumOf(
            Array.from({ length: p[axis]! + 1 }, (_, i) =>
              at(
                x!,
                p.map((v, a) => (a === axis ? i : v)),
              ),
            ),
          ),
        ),
    };
  return {
    name: `reshape of ${shape}`,
    inputs: [x],
    run: ([x]) => vg.reshape(x!, [count(shape)]),
    reference: ([x]) => ({ shape: [count(shape)], data: x!.data }),
  };
};

const sampling: Maker = (draw) => {
  const shape = [1, ...draw.shape(3, 4), draw.whole(1, 3)];
  const points = draw.shape(3, 3);
  // Between voxels, and beyond the edge now and then.
  const grid = draw.array([1, ...points, 3], -0.8, 3.8);
  return {
    name: `sampleGrid of ${shape} at ${points}`,
    inputs: [draw.array(shape)],
    run: ([x]) => vg.sampleGrid(x!, vg.fromArray(Float32Array.from(grid.data), grid.shape, { device: x!.device })),
    reference: ([x]) =>
      build([1, ...points, shape[4]!], ([n, a, b, d, c]) => {
        let total = 0;
        for (let corner = 0; corner < 8; corner++) {
          let weight = 1;
          const voxel = [0, 1, 2].map((axis) => {
            const place = at(grid, [n!, a!, b!, d!, axis]);
            const high = (corner >> axis) & 1;
            const t = place - Math.floor(place);
            weight *= high ? t : 1 - t;
            return Math.floor(place) + high;
          });
          total += weight * at(x!, [n!, ...voxel, c!]);
        }
        return total;
      }),
  };
};

const power: Maker = (draw) => {
  const exponent = draw.pick([2, 3, 0.5, 1.7, -1]);
  return {
    name: `pow ${exponent}`,
    inputs: [draw.array(draw.shape(2), 0.3, 2)],
    run: ([x]) => vg.pow(x!, exponent),
    reference: ([x]) => map(x!, (value) => value ** exponent),
  };
};

const bounds: Maker = (draw) => ({
  name: 'clamp',
  inputs: [draw.array(draw.shape(3))],
  run: ([x]) => vg.clamp(x!, -0.7123, 0.9321),
  reference: ([x]) => map(x!, (value) => Math.min(Math.max(value, -0.7123), 0.9321)),
});

const choice: Maker = (draw) => {
  const shape = draw.shape(3);
  const condition = build(shape, () => draw.whole(0, 1));
  return {
    name: 'where',
    inputs: [draw.array(shape), draw.array(shape)],
    run: ([a, b]) =>
      vg.where(vg.fromArray(Uint8Array.from(condition.data), shape, { device: a!.device, dtype: 'bool' }), a!, b!),
    reference: ([a, b]) => build(shape, (p) => at(at(condition, p) === 1 ? a! : b!, p)),
  };
};

/** Every kind once; heavier ones more often. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  ...Object.fromEntries(Object.keys(FUNCTIONS).map((name) => [name, functionCase(name)])),
  ...Object.fromEntries(Object.keys(REDUCTIONS).map((name) => [name, reductionCase(name)])),
  add: pairCase('add', vg.add, (a, b) => a + b),
  sub: pairCase('sub', vg.sub, (a, b) => a - b),
  mul: pairCase('mul', vg.mul, (a, b) => a * b),
  div: pairCase('div', vg.div, (a, b) => a / b, 0.3),
  pow: pairCase('pow', vg.pow, (a, b) => a ** b, 0.3),
  maximum: pairCase('maximum', vg.maximum, Math.max),
  minimum: pairCase('minimum', vg.minimum, Math.min),
  convolution,
  'more convolutions': convolution,
  transposedConvolution,
  normalization,
  resampling,
  pooling,
  product,
  softmaxes,
  movement,
  'more movement': movement,
  sampling,
  power,
  bounds,
  choice,
};
