/**
 * Filters along one axis. The result is made row by row along the width: for each tap there is a row of the same length to read from (another row of
 * the volume, or the same one moved), so the loop over a row is the same for all axes and is vectorised whatever the number of channels.
 */
import { madd, storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class FilterAxis {
  x: usize;
  taps: usize;
  out: usize;
  scratch: usize;
  scratchBytes: usize;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
  length: i32;
  axis: i32;
  /** Elements after which the taps' channels repeat at the front of a vector: a multiple of 4 and of the number of channels. */
  period: i32;
  rowsPerItem: i32;
  itemsPerSample: i32;
}

/** The index that `i` falls on when the axis is mirrored at its first and last voxel. */
@inline
function mirrored(i: i32, extent: i32): i32 {
  if (extent == 1) return 0;
  const turn = 2 * (extent - 1);
  const rest = (i < 0 ? -i : i) % turn;
  return rest < extent ? rest : turn - rest;
}

/** Lays out the taps of sample `sample`, each as one period of values. */
function layTaps(q: FilterAxis, sample: i32, to: usize): void {
  for (let tap = 0; tap < q.length; tap++) {
    for (let i = 0; i < q.period; i++) {
      const channel = sample * q.channels + i % q.channels;
      store<f32>(to, load<f32>(q.taps + (<usize>(channel * q.length + tap) << 2)));
      to += 4;
    }
  }
}

/** The row with as many mirrored voxels on both sides as the taps reach. */
function layMirroredRow(q: FilterAxis, row: usize, to: usize): void {
  const voxel = <usize>q.channels << 2;
  const reach = q.length >> 1;
  for (let i = -reach; i < 0; i++) {
    memory.copy(to, row + <usize>mirrored(i, q.width) * voxel, voxel);
    to += voxel;
  }
  memory.copy(to, row, <usize>q.width * voxel);
  to += <usize>q.width * voxel;
  for (let i = q.width; i < q.width + reach; i++) {
    memory.copy(to, row + <usize>mirrored(i, q.width) * voxel, voxel);
    to += voxel;
  }
}

@inline
function correlateFour(rows: usize, taps: usize, length: i32, periodBytes: usize, at: usize): v128 {
  let sum = f32x4.splat(0);
  for (let k = 0; k < length; k++) {
    sum = madd(v128.load(load<usize>(rows + (<usize>k << 2)) + at), v128.load(taps), sum);
    taps += periodBytes;
  }
  return sum;
}

/** The sum over the listed rows of `size` elements times their taps. With a period of 4 all vectors have the same taps. */
function correlate(rows: usize, taps: usize, length: i32, period: i32, to: usize, size: i32): void {
  const periodBytes = <usize>period << 2;
  let i = 0;
  for (; i + 16 <= size; i += 16) {
    const at = <usize>i << 2;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    if (period == 4) {
      for (let k = 0; k < length; k++) {
        const from = load<usize>(rows + (<usize>k << 2)) + at;
        const tap = v128.load(taps + (<usize>k << 4));
        s0 = madd(v128.load(from), tap, s0);
        s1 = madd(v128.load(from, 16), tap, s1);
        s2 = madd(v128.load(from, 32), tap, s2);
        s3 = madd(v128.load(from, 48), tap, s3);
      }
    } else {
      let t0 = taps + (<usize>(i % period) << 2);
      let t1 = taps + (<usize>((i + 4) % period) << 2);
      let t2 = taps + (<usize>((i + 8) % period) << 2);
      let t3 = taps + (<usize>((i + 12) % period) << 2);
      for (let k = 0; k < length; k++) {
        const from = load<usize>(rows + (<usize>k << 2)) + at;
        s0 = madd(v128.load(from), v128.load(t0), s0);
        s1 = madd(v128.load(from, 16), v128.load(t1), s1);
        s2 = madd(v128.load(from, 32), v128.load(t2), s2);
        s3 = madd(v128.load(from, 48), v128.load(t3), s3);
        t0 += periodBytes;
        t1 += periodBytes;
        t2 += periodBytes;
        t3 += periodBytes;
      }
    }
    v128.store(to + at, s0);
    v128.store(to + at, s1, 16);
    v128.store(to + at, s2, 32);
    v128.store(to + at, s3, 48);
  }
  for (; i < size; i += 4) {
    const at = <usize>i << 2;
    const sum = correlateFour(rows, taps + (<usize>(i % period) << 2), length, periodBytes, at);
    if (size - i >= 4) v128.store(to + at, sum);
    else storeLanes32(to + at, sum, size - i);
  }
}

export function filterAxis(q: FilterAxis, item: i32, thread: i32): void {
  const taps = q.scratch + <usize>thread * q.scratchBytes;
  const rows = taps + (<usize>(q.length * q.period) << 2);
  const mirroredRow = rows + (<usize>q.length << 2);
  const sample = item / q.itemsPerSample;
  const first = (item - sample * q.itemsPerSample) * q.rowsPerItem;
  const end = min(q.depth * q.height, first + q.rowsPerItem);
  const rowBytes = <usize>(q.width * q.channels) << 2;
  const volume = <usize>sample * <usize>(q.depth * q.height) * rowBytes;
  const x = q.x + volume;
  const reach = q.length >> 1;
  layTaps(q, sample, taps);
  for (let index = first; index < end; index++) {
    const z = index / q.height;
    const y = index - z * q.height;
    if (q.axis == 3) layMirroredRow(q, x + <usize>index * rowBytes, mirroredRow);
    for (let k = 0; k < q.length; k++) {
      let from = mirroredRow + (<usize>(k * q.channels) << 2);
      if (q.axis == 1) from = x + <usize>(mirrored(z + k - reach, q.depth) * q.height + y) * rowBytes;
      else if (q.axis == 2) from = x + <usize>(z * q.height + mirrored(y + k - reach, q.height)) * rowBytes;
      store<usize>(rows + (<usize>k << 2), from);
    }
    correlate(rows, taps, q.length, q.period, q.out + volume + <usize>index * rowBytes, q.width * q.channels);
  }
}
