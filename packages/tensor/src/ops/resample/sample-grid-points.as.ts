/**
 * The gradient of sampling with respect to the points: how the samples change when a point moves. As torch's grid_sample: a point on a voxel has the slope
 * towards the next one, and where the nearest edge voxel counts outside, points on the edge and beyond have none across it.
 */
import { sumLanes } from '../../device/cpu/simd.as';
import { bounded } from './sample-grid.as';

@unmanaged
class PointGradient {
  dy: usize;
  x: usize;
  grid: usize;
  dgrid: usize;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
  /** Of one sample of the batch. */
  points: i32;
  itemsPerSample: i32;
  perItem: i32;
  /** Whether voxels outside are those of the edge; else they are zero. */
  edge: i32;
}

/** Whether samples change when this coordinate does. */
@inline
function moves(coordinate: f32, extent: i32, edge: i32): bool {
  return !edge || (coordinate > 0 && coordinate < <f32>(extent - 1));
}

@inline
function product(a: usize, b: usize, count: i32): f32 {
  let sums = f32x4.splat(0);
  let rest = count;
  for (; rest >= 4; rest -= 4) {
    sums = f32x4.add(sums, f32x4.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  let sum = sumLanes(sums);
  for (; rest > 0; rest--) {
    sum += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return sum;
}

export function sampleGridPointGradient(q: PointGradient, item: i32, thread: i32): void {
  const sample = item / q.itemsPerSample;
  const first = (item - sample * q.itemsPerSample) * q.perItem;
  const end = min(q.points, first + q.perItem);
  const voxel = <usize>q.channels << 2;
  const x = q.x + <usize>(sample * q.depth * q.height * q.width) * voxel;
  for (let point = sample * q.points + first; point < sample * q.points + end; point++) {
    const grid = q.grid + <usize>point * 12;
    const dgrid = q.dgrid + <usize>point * 12;
    const dy = q.dy + <usize>point * voxel;
    const z = bounded(load<f32>(grid), q.depth, q.edge);
    const y = bounded(load<f32>(grid, 4), q.height, q.edge);
    const u = bounded(load<f32>(grid, 8), q.width, q.edge);
    const tz = z - floor<f32>(z);
    const ty = y - floor<f32>(y);
    const tx = u - floor<f32>(u);
    let dz: f32 = 0;
    let dh: f32 = 0;
    let dw: f32 = 0;
    for (let corner = 0; corner < 8; corner++) {
      const highZ = corner >> 2;
      const highY = (corner >> 1) & 1;
      const highX = corner & 1;
      const iz = <i32>floor<f32>(z) + highZ;
      const iy = <i32>floor<f32>(y) + highY;
      const ix = <i32>floor<f32>(u) + highX;
      if (<u32>iz >= <u32>q.depth || <u32>iy >= <u32>q.height || <u32>ix >= <u32>q.width) continue;
      const value = product(dy, x + <usize>((iz * q.height + iy) * q.width + ix) * voxel, q.channels);
      const wz = highZ ? tz : 1 - tz;
      const wy = highY ? ty : 1 - ty;
      const wx = highX ? tx : 1 - tx;
      dz += (highZ ? value : -value) * wy * wx;
      dh += (highY ? value : -value) * wz * wx;
      dw += (highX ? value : -value) * wz * wy;
    }
    store<f32>(dgrid, moves(load<f32>(grid), q.depth, q.edge) ? dz : 0);
    store<f32>(dgrid, moves(load<f32>(grid, 4), q.height, q.edge) ? dh : 0, 4);
    store<f32>(dgrid, moves(load<f32>(grid, 8), q.width, q.edge) ? dw : 0, 8);
  }
}
