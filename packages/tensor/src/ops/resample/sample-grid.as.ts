/**
 * Sampling at points as torch's grid_sample does, and its gradient. The gradient gives every item rows of dx to own, and lets it look at all points
 * in their order: nothing is written twice at a time, and the order of the sums is that of the points.
 */
import { madd, storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class SampleGrid {
  /** x, or dy for the gradient. */
  from: usize;
  grid: usize;
  /** The samples, or dx for the gradient. */
  to: usize;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
  /** Of one sample of the batch. */
  points: i32;
  itemsPerSample: i32;
  /** Points, or rows of dx for the gradient. */
  perItem: i32;
  /** Whether voxels outside are those of the edge; else they are zero. */
  edge: i32;
}

/** A coordinate that may be anything, even NaN, brought to where its floor fits an integer and means the same. */
@inline
export function bounded(coordinate: f32, extent: i32, edge: i32): f32 {
  const low: f32 = edge ? 0 : -2;
  const high = <f32>(edge ? extent - 1 : extent + 1);
  if (!(coordinate >= low)) return low;
  return coordinate > high ? high : coordinate;
}

@inline
function clamped(index: i32, extent: i32): i32 {
  return max(0, min(index, extent - 1));
}

/** `weight` where the index is inside, else 0. With repeated edges the bounded coordinate leaves nothing outside that has a weight. */
@inline
function inside(index: i32, extent: i32, weight: f32): f32 {
  return <u32>index < <u32>extent ? weight : 0;
}

/** The interpolation between eight corners, of four channels. */
@inline
function between(
  at: usize, z0: usize, z1: usize, y0: usize, y1: usize, x0: usize, x1: usize,
  wz0: v128, wz1: v128, wy0: v128, wy1: v128, wx0: v128, wx1: v128,
): v128 {
  const a = madd(v128.load(at + z0 + y0 + x0), wx0, f32x4.mul(v128.load(at + z0 + y0 + x1), wx1));
  const b = madd(v128.load(at + z0 + y1 + x0), wx0, f32x4.mul(v128.load(at + z0 + y1 + x1), wx1));
  const c = madd(v128.load(at + z1 + y0 + x0), wx0, f32x4.mul(v128.load(at + z1 + y0 + x1), wx1));
  const d = madd(v128.load(at + z1 + y1 + x0), wx0, f32x4.mul(v128.load(at + z1 + y1 + x1), wx1));
  return madd(madd(a, wy0, f32x4.mul(b, wy1)), wz0, f32x4.mul(madd(c, wy0, f32x4.mul(d, wy1)), wz1));
}

/** One point of the `left` that this item still has to do: any number of channels, any place. */
function sampleLinear(q: SampleGrid, x: usize, grid: usize, to: usize, left: i32): void {
  const voxel = <usize>q.channels << 2;
  const row = <usize>q.width * voxel;
  const plane = <usize>q.height * row;
  const channels = q.channels;
  const z = bounded(load<f32>(grid), q.depth, q.edge);
  const y = bounded(load<f32>(grid, 4), q.height, q.edge);
  const u = bounded(load<f32>(grid, 8), q.width, q.edge);
  const fz = floor<f32>(z);
  const fy = floor<f32>(y);
  const fx = floor<f32>(u);
  const iz = <i32>fz;
  const iy = <i32>fy;
  const ix = <i32>fx;
  const z0 = <usize>clamped(iz, q.depth) * plane;
  const z1 = <usize>clamped(iz + 1, q.depth) * plane;
  const y0 = <usize>clamped(iy, q.height) * row;
  const y1 = <usize>clamped(iy + 1, q.height) * row;
  const x0 = <usize>clamped(ix, q.width) * voxel;
  const x1 = <usize>clamped(ix + 1, q.width) * voxel;
  const tz = z - fz;
  const ty = y - fy;
  const tx = u - fx;
  const wz0 = inside(iz, q.depth, 1 - tz);
  const wz1 = inside(iz + 1, q.depth, tz);
  const wy0 = inside(iy, q.height, 1 - ty);
  const wy1 = inside(iy + 1, q.height, ty);
  const wx0 = inside(ix, q.width, 1 - tx);
  const wx1 = inside(ix + 1, q.width, tx);
  // Nothing of a volume with infinite values gets to points that lie outside of it.
  const outside = wz0 + wz1 == 0 || wy0 + wy1 == 0 || wx0 + wx1 == 0;
  if (outside) memory.fill(to, 0, voxel);
  else {
    for (let c = 0; c < channels; c += 4) {
      const value = between(
        x + (<usize>c << 2), z0, z1, y0, y1, x0, x1,
        f32x4.splat(wz0), f32x4.splat(wz1), f32x4.splat(wy0), f32x4.splat(wy1), f32x4.splat(wx0), f32x4.splat(wx1),
      );
      // What a point writes past its channels, the next ones overwrite.
      if (left * channels - c < 4) storeLanes32(to + (<usize>c << 2), value, channels - c);
      else v128.store(to + (<usize>c << 2), value);
    }
  }
}

/** Pairs of neighbours in a row for four points, weighted. */
@inline
function fourPairs(p0: usize, p1: usize, p2: usize, p3: usize, at: usize, lowerWeight: v128, upperWeight: v128): v128 {
  const first = v128.load64_lane(p1 + at, v128.load64_zero(p0 + at), 1);
  const second = v128.load64_lane(p3 + at, v128.load64_zero(p2 + at), 1);
  const lower = i8x16.shuffle(first, second, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
  const upper = i8x16.shuffle(first, second, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  return madd(lower, lowerWeight, f32x4.mul(upper, upperWeight));
}

/** One channel: four points at a time where all of them lie inside. `points` is a multiple of four. */
function sampleFours(q: SampleGrid, x: usize, grid: usize, to: usize, points: i32): void {
  const row = q.height > 1 ? <usize>q.width << 2 : 0;
  const plane = q.depth > 1 ? <usize>(q.height * q.width) << 2 : 0;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const lastZ = f32x4.splat(<f32>(q.depth - 1));
  const lastY = f32x4.splat(<f32>(q.height - 1));
  const lastX = f32x4.splat(<f32>(q.width - 1));
  const cellZ = i32x4.splat(max(0, q.depth - 2));
  const cellY = i32x4.splat(max(0, q.height - 2));
  const cellX = i32x4.splat(max(0, q.width - 2));
  const height = i32x4.splat(q.height);
  const width = i32x4.splat(q.width);
  do {
    const a = v128.load(grid);
    const b = v128.load(grid, 16);
    const c = v128.load(grid, 32);
    const zab = i8x16.shuffle(a, b, 0, 1, 2, 3, 12, 13, 14, 15, 24, 25, 26, 27, 0, 1, 2, 3);
    const yab = i8x16.shuffle(a, b, 4, 5, 6, 7, 16, 17, 18, 19, 28, 29, 30, 31, 0, 1, 2, 3);
    const uab = i8x16.shuffle(a, b, 8, 9, 10, 11, 20, 21, 22, 23, 0, 1, 2, 3, 0, 1, 2, 3);
    const z = i8x16.shuffle(zab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21, 22, 23);
    const y = i8x16.shuffle(yab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 24, 25, 26, 27);
    const u = i8x16.shuffle(uab, c, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 28, 29, 30, 31);
    const insideZ = v128.and(f32x4.ge(z, zero), f32x4.le(z, lastZ));
    const insideY = v128.and(f32x4.ge(y, zero), f32x4.le(y, lastY));
    const insideX = v128.and(f32x4.ge(u, zero), f32x4.le(u, lastX));
    const firstPoint = grid;
    grid += 48;
    if (i32x4.all_true(v128.and(v128.and(insideZ, insideY), insideX))) {
      // On the last voxel the cell before it is taken, with the weight 1 at its end.
      const iz = i32x4.min_s(i32x4.trunc_sat_f32x4_s(z), cellZ);
      const iy = i32x4.min_s(i32x4.trunc_sat_f32x4_s(y), cellY);
      const ix = i32x4.min_s(i32x4.trunc_sat_f32x4_s(u), cellX);
      const wz1 = f32x4.sub(z, f32x4.convert_i32x4_s(iz));
      const wy1 = f32x4.sub(y, f32x4.convert_i32x4_s(iy));
      const wx1 = f32x4.sub(u, f32x4.convert_i32x4_s(ix));
      const wz0 = f32x4.sub(one, wz1);
      const wy0 = f32x4.sub(one, wy1);
      const wx0 = f32x4.sub(one, wx1);
      const index = i32x4.shl(i32x4.add(i32x4.mul(i32x4.add(i32x4.mul(iz, height), iy), width), ix), 2);
      const p0 = x + <usize>i32x4.extract_lane(index, 0);
      const p1 = x + <usize>i32x4.extract_lane(index, 1);
      const p2 = x + <usize>i32x4.extract_lane(index, 2);
      const p3 = x + <usize>i32x4.extract_lane(index, 3);
      const near = madd(fourPairs(p0, p1, p2, p3, 0, wx0, wx1), wy0, f32x4.mul(fourPairs(p0, p1, p2, p3, row, wx0, wx1), wy1));
      const far = madd(
        fourPairs(p0, p1, p2, p3, plane, wx0, wx1), wy0, f32x4.mul(fourPairs(p0, p1, p2, p3, plane + row, wx0, wx1), wy1),
      );
      v128.store(to, madd(near, wz0, f32x4.mul(far, wz1)));
    } else {
      for (let i: usize = 0; i < 4; i++) sampleLinear(q, x, firstPoint + 12 * i, to + 4 * i, 1);
    }
    to += 16;
    points -= 4;
  } while (points > 0);
}

export function sampleGridLinear(q: SampleGrid, item: i32, thread: i32): void {
  const sample = item / q.itemsPerSample;
  const first = (item - sample * q.itemsPerSample) * q.perItem;
  const end = min(q.points, first + q.perItem);
  const voxel = <usize>q.channels << 2;
  const x = q.from + <usize>(sample * q.depth * q.height * q.width) * voxel;
  const grid = q.grid + <usize>(sample * q.points) * 12;
  const to = q.to + <usize>(sample * q.points) * voxel;
  let point = first;
  const fours = (end - first) & ~3;
  // In a row of one voxel there are no pairs to load.
  if (q.channels == 1 && q.width > 1 && fours > 0) {
    sampleFours(q, x, grid + <usize>first * 12, to + (<usize>first << 2), fours);
    point += fours;
  }
  for (; point < end; point++)
    sampleLinear(q, x, grid + <usize>point * 12, to + <usize>point * voxel, end - point);
}

/** The index of the voxel nearest to a point, or −1 if that lies outside. */
@inline
function nearestVoxel(q: SampleGrid, grid: usize): i32 {
  const z = <i32>nearest<f32>(bounded(load<f32>(grid), q.depth, q.edge));
  const y = <i32>nearest<f32>(bounded(load<f32>(grid, 4), q.height, q.edge));
  const x = <i32>nearest<f32>(bounded(load<f32>(grid, 8), q.width, q.edge));
  if (<u32>z >= <u32>q.depth || <u32>y >= <u32>q.height || <u32>x >= <u32>q.width) return -1;
  return (z * q.height + y) * q.width + x;
}

export function sampleGridNearest(q: SampleGrid, item: i32, thread: i32): void {
  const sample = item / q.itemsPerSample;
  const first = (item - sample * q.itemsPerSample) * q.perItem;
  const end = min(q.points, first + q.perItem);
  const voxel = <usize>q.channels << 2;
  const x = q.from + <usize>(sample * q.depth * q.height * q.width) * voxel;
  let grid = q.grid + <usize>(sample * q.points + first) * 12;
  let to = q.to + <usize>(sample * q.points + first) * voxel;
  for (let point = first; point < end; point++) {
    const index = nearestVoxel(q, grid);
    const from = x + <usize>index * voxel;
    for (let c: usize = 0; c < voxel; c += 4) store<f32>(to + c, index < 0 ? 0 : load<f32>(from + c));
    grid += 12;
    to += voxel;
  }
}

/** target += weight · source over the channels. */
@inline
function addScaled(target: usize, source: usize, weight: f32, channels: i32): void {
  for (let c = 0; c < channels; c++) {
    store<f32>(target, load<f32>(target) + weight * load<f32>(source));
    target += 4;
    source += 4;
  }
}

/** The two voxels of row `index` between which a point lies, if this item owns the row. */
@inline
function addToRow(
  q: SampleGrid, dx: usize, dy: usize, index: i32, first: i32, end: i32, weight: f32, ix: i32, tx: f32,
): void {
  if (index < first || index >= end || weight == 0) return;
  const voxel = <usize>q.channels << 2;
  const row = dx + <usize>index * <usize>q.width * voxel;
  const w0 = inside(ix, q.width, 1 - tx) * weight;
  const w1 = inside(ix + 1, q.width, tx) * weight;
  if (w0 != 0) addScaled(row + <usize>ix * voxel, dy, w0, q.channels);
  if (w1 != 0) addScaled(row + <usize>(ix + 1) * voxel, dy, w1, q.channels);
}

export function sampleGridLinearGradient(q: SampleGrid, item: i32, thread: i32): void {
  const sample = item / q.itemsPerSample;
  const height = q.height;
  const rows = q.depth * height;
  const first = (item - sample * q.itemsPerSample) * q.perItem;
  const end = min(rows, first + q.perItem);
  const voxel = <usize>q.channels << 2;
  const row = <usize>q.width * voxel;
  const dx = q.to + <usize>sample * <usize>rows * row;
  memory.fill(dx + <usize>first * row, 0, <usize>(end - first) * row);
  let grid = q.grid + <usize>(sample * q.points) * 12;
  let dy = q.from + <usize>(sample * q.points) * voxel;
  for (let point = 0; point < q.points; point++) {
    const z = bounded(load<f32>(grid), q.depth, q.edge);
    const y = bounded(load<f32>(grid, 4), height, q.edge);
    const fz = floor<f32>(z);
    const fy = floor<f32>(y);
    const iz = <i32>fz;
    const iy = <i32>fy;
    const index = iz * height + iy;
    if (index + height + 1 >= first && index < end) {
      const x = bounded(load<f32>(grid, 8), q.width, q.edge);
      const fx = floor<f32>(x);
      const ix = <i32>fx;
      const tx = x - fx;
      const wz0 = inside(iz, q.depth, 1 - (z - fz));
      const wz1 = inside(iz + 1, q.depth, z - fz);
      const wy0 = inside(iy, height, 1 - (y - fy));
      const wy1 = inside(iy + 1, height, y - fy);
      addToRow(q, dx, dy, index, first, end, wz0 * wy0, ix, tx);
      addToRow(q, dx, dy, index + 1, first, end, wz0 * wy1, ix, tx);
      addToRow(q, dx, dy, index + height, first, end, wz1 * wy0, ix, tx);
      addToRow(q, dx, dy, index + height + 1, first, end, wz1 * wy1, ix, tx);
    }
    grid += 12;
    dy += voxel;
  }
}

export function sampleGridNearestGradient(q: SampleGrid, item: i32, thread: i32): void {
  const sample = item / q.itemsPerSample;
  const rows = q.depth * q.height;
  const first = (item - sample * q.itemsPerSample) * q.perItem * q.width;
  const end = min(rows * q.width, first + q.perItem * q.width);
  const voxel = <usize>q.channels << 2;
  const dx = q.to + <usize>(sample * rows * q.width) * voxel;
  memory.fill(dx + <usize>first * voxel, 0, <usize>(end - first) * voxel);
  let grid = q.grid + <usize>(sample * q.points) * 12;
  let dy = q.from + <usize>(sample * q.points) * voxel;
  for (let point = 0; point < q.points; point++) {
    const index = nearestVoxel(q, grid);
    if (index >= first && index < end) addScaled(dx + <usize>index * voxel, dy, 1, q.channels);
    grid += 12;
    dy += voxel;
  }
}
