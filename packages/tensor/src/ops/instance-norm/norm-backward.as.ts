/**
 * The gradient of normalisation, affine map and LeakyReLU. With d = x − mean, z = d · factor + bias and g = dy · (z > 0 ? 1 : slope), per group
 * of N values: `dx = factor · g − (Σ g·w / N + d · inverse² · Σ g·w·d / N) · inverse`. z is computed again from x.
 */
import { highDoubles, lowDoubles, madd } from '../../device/cpu/simd.as';
import { channelValue, Norm, partialsOf, restOf, sampleOffset, spread, tableOf } from './norm.as';

/** The gradient in front of the LeakyReLU; `difference` holds the bits of 1 xor those of the slope. */
@inline
function activationGradient(dy: v128, deviation: v128, factor: v128, bias: v128, slope: v128, difference: v128): v128 {
  const positive = f32x4.gt(madd(deviation, factor, bias), f32x4.splat(0));
  return f32x4.mul(dy, v128.xor(slope, v128.and(positive, difference)));
}

/** Adds four floats to four doubles. */
@inline
function addToDoubles(to: usize, value: v128): void {
  v128.store(to, f64x2.add(v128.load(to), lowDoubles(value)));
  v128.store(to, f64x2.add(v128.load(to, 16), highDoubles(value)), 16);
}

/** An item: Σ g and Σ g · d of every channel over a split of a sample. */
export function normBackwardSums(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.splits;
  const split = item - sample * q.splits;
  const firstRow = split * q.rowsPerSplit;
  const rows = min(q.rowsPerSplit, q.rows - firstRow);
  const rowBytes = <usize>q.width << 2;
  const totals = q.scratch + <usize>thread * q.scratchBytes;
  const products = totals + (rowBytes << 1);
  const sums = products + (rowBytes << 1);
  const mean = tableOf(q, sample, 0);
  const slope = f32x4.splat(q.slope);
  const difference = v128.xor(slope, f32x4.splat(1));
  memory.fill(totals, 0, rowBytes << 2);
  const offset = sampleOffset(q, sample) + <usize>firstRow * rowBytes;
  for (let block = 0; block < rows; block += q.blockRows) {
    const end = min(block + q.blockRows, rows);
    memory.fill(sums, 0, rowBytes << 1);
    let row = block;
    let from = offset + <usize>row * rowBytes;
    for (; row + 4 <= end; row += 4) {
      addRows(q.x + from, q.dy + from, rowBytes, 4, mean, sums, slope, difference);
      from += rowBytes << 2;
    }
    for (; row < end; row++) {
      addRows(q.x + from, q.dy + from, rowBytes, 1, mean, sums, slope, difference);
      from += rowBytes;
    }
    for (let j: usize = 0; j < rowBytes; j += 16) {
      addToDoubles(totals + (j << 1), v128.load(sums + j));
      addToDoubles(products + (j << 1), v128.load(sums + rowBytes + j));
    }
  }
  if (split == q.splits - 1) addRest(q, offset + <usize>rows * rowBytes, mean, totals, products);
  for (let column = q.channels; column < q.width; column++) {
    const from = <usize>column << 3;
    const to = <usize>(column % q.channels) << 3;
    store<f64>(totals + to, load<f64>(totals + to) + load<f64>(totals + from));
    store<f64>(products + to, load<f64>(products + to) + load<f64>(products + from));
  }
  const to = partialsOf(q, sample, split);
  memory.copy(to, totals, <usize>q.channels << 3);
  memory.copy(to + (<usize>q.channels << 3), products, <usize>q.channels << 3);
}

/** Adds g and g · d of `rows` (1 or 4) rows to the floats at `sums` and one row behind. */
@inline
function addRows(x: usize, dy: usize, rowBytes: usize, rows: i32, mean: usize, sums: usize, slope: v128, difference: v128): void {
  for (let j: usize = 0; j < rowBytes; j += 16) {
    const m = v128.load(mean + j);
    const f = v128.load(mean + rowBytes + j);
    const b = v128.load(mean + (rowBytes << 1) + j);
    let fromX = x + j;
    let fromDy = dy + j;
    const d0 = f32x4.sub(v128.load(fromX), m);
    const g0 = activationGradient(v128.load(fromDy), d0, f, b, slope, difference);
    let sum = g0;
    let product = f32x4.mul(g0, d0);
    if (rows == 4) {
      const d1 = f32x4.sub(v128.load((fromX += rowBytes)), m);
      const d2 = f32x4.sub(v128.load((fromX += rowBytes)), m);
      const d3 = f32x4.sub(v128.load((fromX += rowBytes)), m);
      const g1 = activationGradient(v128.load((fromDy += rowBytes)), d1, f, b, slope, difference);
      const g2 = activationGradient(v128.load((fromDy += rowBytes)), d2, f, b, slope, difference);
      const g3 = activationGradient(v128.load((fromDy += rowBytes)), d3, f, b, slope, difference);
      sum = f32x4.add(f32x4.add(g0, g1), f32x4.add(g2, g3));
      product = f32x4.add(madd(g1, d1, product), madd(g2, d2, f32x4.mul(g3, d3)));
    }
    v128.store(sums + j, f32x4.add(v128.load(sums + j), sum));
    v128.store(sums + rowBytes + j, f32x4.add(v128.load(sums + rowBytes + j), product));
  }
}

/** Adds what lies behind the last full row to the doubles of its columns. */
@inline
function addRest(q: Norm, offset: usize, mean: usize, totals: usize, products: usize): void {
  const rowBytes = <usize>q.width << 2;
  for (let j = 0, rest = restOf(q); j < rest; j++) {
    const at = <usize>j << 2;
    const slot = <usize>j << 3;
    const d = load<f32>(q.x + offset + at) - load<f32>(mean + at);
    const z = d * load<f32>(mean + rowBytes + at) + load<f32>(mean + (rowBytes << 1) + at);
    const g = load<f32>(q.dy + offset + at) * (z > 0 ? 1 : q.slope);
    store<f64>(totals + slot, load<f64>(totals + slot) + <f64>g);
    store<f64>(products + slot, load<f64>(products + slot) + <f64>(g * d));
  }
}

/** An item: the tables that the sums need, of some groups of a sample. */
export function normBackwardTables(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.groupItems;
  const firstGroup = (item - sample * q.groupItems) * q.groupsPerItem;
  const lastGroup = min(firstGroup + q.groupsPerItem, q.groups);
  const perGroup = q.channels / q.groups;
  for (let channel = firstGroup * perGroup; channel < lastGroup * perGroup; channel++) {
    const at = <usize>(sample * q.groups + channel / perGroup) << 2;
    spread(q, sample, 0, channel, load<f32>(q.mean + at));
    spread(q, sample, 1, channel, load<f32>(q.inverseDeviation + at) * channelValue(q.weight, channel, 1));
    spread(q, sample, 2, channel, channelValue(q.bias, channel, 0));
  }
}

/** An item: some groups of all samples: the gradients of weight and bias, and the tables that the last pass needs. */
export function normBackwardCombine(q: Norm, item: i32, thread: i32): void {
  const firstGroup = item * q.groupsPerItem;
  const lastGroup = min(firstGroup + q.groupsPerItem, q.groups);
  const perGroup = q.channels / q.groups;
  const second = <usize>q.channels << 3;
  const values = <f64>(q.size / q.channels) * perGroup;
  for (let group = firstGroup; group < lastGroup; group++) {
    for (let sample = 0; sample < q.batch; sample++) {
      const inverse = <f64>load<f32>(q.inverseDeviation + (<usize>(sample * q.groups + group) << 2));
      let total: f64 = 0;
      let product: f64 = 0;
      for (let channel = group * perGroup; channel < (group + 1) * perGroup; channel++) {
        const slot = partialsOf(q, sample, 0) + (<usize>channel << 3);
        for (let split = 1; split < q.splits; split++) {
          const other = slot + split * (second << 1);
          store<f64>(slot, load<f64>(slot) + load<f64>(other));
          store<f64>(slot + second, load<f64>(slot + second) + load<f64>(other + second));
        }
        const weight = <f64>channelValue(q.weight, channel, 1);
        total += load<f64>(slot) * weight;
        product += load<f64>(slot + second) * weight;
        addGradient(q.dbias, channel, sample, load<f64>(slot));
        addGradient(q.dweight, channel, sample, load<f64>(slot + second) * inverse);
      }
      const constant = <f32>((total / values) * inverse);
      const linear = <f32>((product / values) * inverse * inverse * inverse);
      for (let channel = group * perGroup; channel < (group + 1) * perGroup; channel++) {
        spread(q, sample, 3, channel, constant);
        spread(q, sample, 4, channel, linear);
      }
    }
  }
}

/** Sums over samples, of which each is already accurate, in f32. */
@inline
function addGradient(gradient: usize, channel: i32, sample: i32, value: f64): void {
  if (gradient == 0) return;
  const at = gradient + (<usize>channel << 2);
  store<f32>(at, sample == 0 ? <f32>value : load<f32>(at) + <f32>value);
}

/** dx of `rows` (1 or 4) rows at `x`; `out` and `dy` lie as many bytes from it as given. */
@inline
function inputGradients(x: usize, dy: usize, out: usize, rows: i32, table: usize, rowBytes: usize, slope: v128, difference: v128): void {
  for (let j: usize = 0; j < rowBytes; j += 16) {
    let column = table + j;
    const mean = v128.load(column);
    const factor = v128.load((column += rowBytes));
    const bias = v128.load((column += rowBytes));
    const constant = v128.load((column += rowBytes));
    const linear = v128.load(column + rowBytes);
    let at = x + j;
    for (let row = 0; row < rows; row++) {
      const d = f32x4.sub(v128.load(at), mean);
      const g = activationGradient(v128.load(at + dy), d, factor, bias, slope, difference);
      v128.store(at + out, f32x4.sub(f32x4.mul(factor, g), madd(d, linear, constant)));
      at += rowBytes;
    }
  }
}

/** An item: dx of some rows of a sample. */
export function normBackward(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.rowItems;
  const first = (item - sample * q.rowItems) * q.rowsPerItem;
  const end = min(first + q.rowsPerItem, q.rows);
  const rowBytes = <usize>q.width << 2;
  const table = tableOf(q, sample, 0);
  const slope = f32x4.splat(q.slope);
  const difference = v128.xor(slope, f32x4.splat(1));
  const dy = q.dy - q.x;
  const out = q.out - q.x;
  let x = q.x + sampleOffset(q, sample) + <usize>first * rowBytes;
  let row = first;
  for (; row + 4 <= end; row += 4) {
    inputGradients(x, dy, out, 4, table, rowBytes, slope, difference);
    x += rowBytes << 2;
  }
  for (; row < end; row++) {
    inputGradients(x, dy, out, 1, table, rowBytes, slope, difference);
    x += rowBytes;
  }
  if (end == q.rows) restGradient(q, x, table, rowBytes);
}

/** dx of what lies behind the last full row. */
@inline
function restGradient(q: Norm, x: usize, table: usize, rowBytes: usize): void {
  for (let j = 0, rest = restOf(q); j < rest; j++) {
    let column = table + (<usize>j << 2);
    const d = load<f32>(x) - load<f32>(column);
    const factor = load<f32>((column += rowBytes));
    const bias = load<f32>((column += rowBytes));
    const constant = load<f32>((column += rowBytes));
    const linear = load<f32>(column + rowBytes);
    const g = load<f32>(x + q.dy - q.x) * (d * factor + bias > 0 ? 1 : q.slope);
    store<f32>(x + q.out - q.x, factor * g - (d * linear + constant));
    x += 4;
  }
}
