/** Resizing of labels, row by row of the result: most voxels lie between voxels of one label, and only the others need sums. */

/** Both voxels and their weights, of one voxel of the result along an axis. */
@unmanaged
class Neighbours {
  low: i32;
  high: i32;
  lowWeight: f64;
  highWeight: f64;
}

@unmanaged
class ResizeLabels {
  x: usize;
  out: usize;
  depthTable: usize;
  heightTable: usize;
  widthTable: usize;
  /** Of x. */
  inputDepth: i32;
  inputHeight: i32;
  inputWidth: i32;
  depth: i32;
  height: i32;
  width: i32;
  rows: i32;
  rowsPerItem: i32;
  /** Labels and shares of the eight voxels around one, a piece for each thread. */
  scratch: usize;
}

const SHARES: usize = 32;
const SCRATCH_BYTES: usize = 96;

@inline
function neighbours(table: usize, i: i32): Neighbours {
  return changetype<Neighbours>(table + <usize>i * offsetof<Neighbours>());
}

/** The share of a label, added up in the order of the corners. */
function shareOf(label: i32, corners: usize): f64 {
  let total: f64 = 0;
  for (let corner: usize = 0; corner < 8; corner++)
    if (load<i32>(corners + (corner << 2)) === label) total += load<f64>(corners + (corner << 3), SHARES);
  return total;
}

@inline
function highest(corners: usize, evenHalf: bool): i32 {
  let chosen: i32 = 0;
  let found = false;
  for (let corner: usize = 0; corner < 8; corner++) {
    const label = load<i32>(corners + (corner << 2));
    if (found && label <= chosen) continue;
    const share = shareOf(label, corners);
    if (evenHalf ? share >= 0.5 : share > 0.5) {
      chosen = label;
      found = true;
    }
  }
  return chosen;
}

/** Bits of a half, in which thousandths are compared; what is too small for a normal one is never the largest of eight. */
@inline
function thousandths(share: f64): u32 {
  const bits = reinterpret<u32>(<f32>(1000 * share));
  return bits < 0x38800000 ? 0 : (bits + 0xfff + ((bits >>> 13) & 1) - 0x38000000) >>> 13;
}

@inline
function largest(corners: usize): i32 {
  let chosen = load<i32>(corners);
  let most = thousandths(shareOf(chosen, corners));
  for (let corner: usize = 1; corner < 8; corner++) {
    const label = load<i32>(corners + (corner << 2));
    const share = thousandths(shareOf(label, corners));
    if (share > most || (share === most && label < chosen)) {
      chosen = label;
      most = share;
    }
  }
  return chosen;
}

@inline
function weigh(corners: usize, corner: usize, zyWeight: f64, across: Neighbours): void {
  store<f64>(corners + (corner << 3), zyWeight * across.lowWeight, SHARES);
  store<f64>(corners + (corner << 3), zyWeight * across.highWeight, SHARES + 8);
}

/** `rule`: 0 is 'half', 1 'more than half', 2 'largest'. */
@inline
function resizeRows(q: ResizeLabels, item: i32, thread: i32, rule: i32): void {
  const corners = q.scratch + <usize>thread * SCRATCH_BYTES;
  const rowBytes = <usize>q.inputWidth << 2;
  const planeBytes = rowBytes * q.inputHeight;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row++) {
    const plane = row / q.height;
    const down = neighbours(q.depthTable, plane % q.depth);
    const along = neighbours(q.heightTable, row % q.height);
    const sample = q.x + <usize>(plane / q.depth) * planeBytes * q.inputDepth;
    const lowPlane = sample + <usize>down.low * planeBytes;
    const highPlane = sample + <usize>down.high * planeBytes;
    const lowLow = lowPlane + <usize>along.low * rowBytes;
    const lowHigh = lowPlane + <usize>along.high * rowBytes;
    const highLow = highPlane + <usize>along.low * rowBytes;
    const highHigh = highPlane + <usize>along.high * rowBytes;
    let out = q.out + ((<usize>row * q.width) << 2);
    for (let i = 0; i < q.width; i++, out += 4) {
      const across = neighbours(q.widthTable, i);
      const low = <usize>across.low << 2;
      const high = <usize>across.high << 2;
      const first = load<i32>(lowLow + low);
      const a = load<i32>(lowLow + high);
      const b = load<i32>(lowHigh + low);
      const c = load<i32>(lowHigh + high);
      const d = load<i32>(highLow + low);
      const e = load<i32>(highLow + high);
      const f = load<i32>(highHigh + low);
      const g = load<i32>(highHigh + high);
      if (((first ^ a) | (first ^ b) | (first ^ c) | (first ^ d) | (first ^ e) | (first ^ f) | (first ^ g)) === 0) {
        store<i32>(out, first);
        continue;
      }
      store<i32>(corners, first);
      store<i32>(corners, a, 4);
      store<i32>(corners, b, 8);
      store<i32>(corners, c, 12);
      store<i32>(corners, d, 16);
      store<i32>(corners, e, 20);
      store<i32>(corners, f, 24);
      store<i32>(corners, g, 28);
      weigh(corners, 0, down.lowWeight * along.lowWeight, across);
      weigh(corners, 2, down.lowWeight * along.highWeight, across);
      weigh(corners, 4, down.highWeight * along.lowWeight, across);
      weigh(corners, 6, down.highWeight * along.highWeight, across);
      store<i32>(out, rule === 2 ? largest(corners) : highest(corners, rule === 0));
    }
  }
}

export function resizeLabelsHalf(q: ResizeLabels, item: i32, thread: i32): void {
  resizeRows(q, item, thread, 0);
}

export function resizeLabelsMoreThanHalf(q: ResizeLabels, item: i32, thread: i32): void {
  resizeRows(q, item, thread, 1);
}

export function resizeLabelsLargest(q: ResizeLabels, item: i32, thread: i32): void {
  resizeRows(q, item, thread, 2);
}
