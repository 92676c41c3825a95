/** Reference convolutions, norms, resampling and pooling: loops over `[n, d, h, w, c]` in double precision, from their definitions. */
import { at, build, count, type Doubles, meanOf, positionOf, reduce, sumOf } from './arrays.ts';

export interface Window {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** weight `[kd, kh, kw, cin / groups, cout]`. */
export function conv3d(
  x: Doubles,
  weight: Doubles,
  bias: Doubles | undefined,
  { stride, padding, dilation, groups }: Window,
): Doubles {
  const [kernel, perGroup, cout] = [weight.shape.slice(0, 3), weight.shape[3]!, weight.shape[4]!];
  const spatial = kernel.map(
    (k, i) => Math.floor((x.shape[i + 1]! + 2 * padding[i]! - dilation[i]! * (k - 1) - 1) / stride[i]!) + 1,
  );
  return build([x.shape[0]!, ...spatial, cout], ([n, z, y, w, o]) => {
    const first = Math.floor(o! / (cout / groups)) * perGroup;
    let total = bias?.data[o!] ?? 0;
    for (let tap = 0; tap < count(kernel); tap++) {
      const t = positionOf(tap, kernel);
      const from = [z!, y!, w!].map((place, i) => place * stride[i]! - padding[i]! + t[i]! * dilation[i]!);
      for (let c = 0; c < perGroup; c++) total += at(x, [n!, ...from, first + c]) * at(weight, [...t, c, o!]);
    }
    return total;
  });
}

/** weight `[kd, kh, kw, cout / groups, cin]`: every input voxel adds its window to the output. */
export function convTranspose3d(
  x: Doubles,
  weight: Doubles,
  bias: Doubles | undefined,
  { stride, padding, dilation, groups }: Window,
  outputPadding: readonly number[],
): Doubles {
  const [kernel, perGroup, cin] = [weight.shape.slice(0, 3), weight.shape[3]!, weight.shape[4]!];
  const spatial = kernel.map(
    (k, i) => (x.shape[i + 1]! - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (k - 1) + outputPadding[i]! + 1,
  );
  const cout = perGroup * groups;
  const out = build([x.shape[0]!, ...spatial, cout], (position) => bias?.data[position[4]!] ?? 0);
  for (let i = 0; i < x.data.length; i++) {
    const [n, z, y, w, c] = positionOf(i, x.shape) as [number, number, number, number, number];
    const first = Math.floor(c / (cin / groups)) * perGroup;
    for (let tap = 0; tap < count(kernel); tap++) {
      const t = positionOf(tap, kernel);
      const to = [z, y, w].map((place, a) => place * stride[a]! - padding[a]! + t[a]! * dilation[a]!);
      if (to.some((place, a) => place < 0 || place >= spatial[a]!)) continue;
      const base = ((n * spatial[0]! + to[0]!) * spatial[1]! + to[1]!) * spatial[2]! + to[2]!;
      for (let o = 0; o < perGroup; o++) out.data[base * cout + first + o]! += x.data[i]! * at(weight, [...t, o, c]);
    }
  }
  return out;
}

/** Over space and the channels of a group. */
export function norm(
  x: Doubles,
  weight: Doubles | undefined,
  bias: Doubles | undefined,
  { groups, slope = 1, epsilon }: { readonly groups: number; readonly slope?: number; readonly epsilon: number },
): Doubles {
  const [n, c] = [x.shape[0]!, x.shape.at(-1)!];
  const grouped: Doubles = { shape: [n, count(x.shape) / (n * c), groups, c / groups], data: x.data };
  const mean = reduce(grouped, [1, 3], meanOf);
  const variance = reduce(grouped, [1, 3], (values) => meanOf(values.map((value) => (value - meanOf(values)) ** 2)));
  const result = build(grouped.shape, (position) => {
    const group = [position[0]!, 0, position[2]!, 0];
    const channel = position[2]! * (c / groups) + position[3]!;
    const z = (at(grouped, position) - at(mean, group)) / Math.sqrt(at(variance, group) + epsilon);
    const y = z * (weight?.data[channel] ?? 1) + (bias?.data[channel] ?? 0);
    return y > 0 ? y : slope * y;
  });
  return { shape: x.shape, data: result.data };
}

/** Torch's interpolate along all three axes. */
export function interpolate(x: Doubles, size: readonly number[], mode: string, corners: boolean): Doubles {
  const taps = size.map((extent, i) =>
    Array.from({ length: extent }, (_, j) => axisTaps(x.shape[i + 1]!, extent, j, mode, corners)),
  );
  return build([x.shape[0]!, ...size, x.shape[4]!], ([n, z, y, w, c]) => {
    let total = 0;
    for (const [a, wa] of taps[0]![z!]!)
      for (const [b, wb] of taps[1]![y!]!)
        for (const [d, wd] of taps[2]![w!]!) total += wa * wb * wd * at(x, [n!, a, b, d, c!]);
    return total;
  });
}

function axisTaps(input: number, output: number, j: number, mode: string, corners: boolean): [number, number][] {
  const inside = (i: number): number => Math.min(Math.max(i, 0), input - 1);
  if (mode === 'nearest') return [[inside(Math.floor((j * input) / output)), 1]];
  if (mode === 'nearest-exact') return [[inside(Math.floor(((j + 0.5) * input) / output)), 1]];
  const place = corners ? (output > 1 ? (j * (input - 1)) / (output - 1) : 0) : ((j + 0.5) * input) / output - 0.5;
  const low = Math.floor(place);
  const t = place - low;
  if (mode === 'linear')
    return [
      [inside(low), 1 - t],
      [inside(low + 1), t],
    ];
  const kernel = (distance: number): number => {
    const d = Math.abs(distance);
    const a = -0.75;
    if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
    return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
  };
  return [-1, 0, 1, 2].map((k) => [inside(low + k), kernel(t - k)]);
}

export function pool(
  x: Doubles,
  mode: 'max' | 'average',
  kernel: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  countPadding: boolean,
): Doubles {
  const size = kernel.map((k, i) => Math.floor((x.shape[i + 1]! + 2 * padding[i]! - k) / stride[i]!) + 1);
  return build([x.shape[0]!, ...size, x.shape[4]!], ([n, z, y, w, c]) => {
    const values: number[] = [];
    for (let tap = 0; tap < count(kernel); tap++) {
      const t = positionOf(tap, kernel);
      const from = [z!, y!, w!].map((place, i) => place * stride[i]! - padding[i]! + t[i]!);
      if (from.every((place, i) => place >= 0 && place < x.shape[i + 1]!)) values.push(at(x, [n!, ...from, c!]));
    }
    if (mode === 'max') return Math.max(...values);
    return sumOf(values) / (countPadding ? count(kernel) : values.length);
  });
}
