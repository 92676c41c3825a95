/**
 * A copy of an input with few channels whose rows are padded with zeros. With one channel a tap is one multiplication a voxel, too little to
 * look up where it lies; in padded rows the taps of a kernel's row are one contiguous run. The output has many times more channels, so
 * the copy costs next to nothing.
 */

@unmanaged
class PadWidth {
  from: usize;
  to: usize;
  rows: i32;
  rowFloats: i32;
  /** Zeros before a row. */
  leftFloats: i32;
  /** Length of a row with its zeros. */
  paddedFloats: i32;
  rowsPerItem: i32;
}

export function conv3dPadWidth(p: PadWidth, item: i32, thread: i32): void {
  const rowBytes = <usize>p.rowFloats << 2;
  const leftBytes = <usize>p.leftFloats << 2;
  const paddedBytes = <usize>p.paddedFloats << 2;
  // A convolution that ends early reads less than its rows: then there is no room for all of a row, nor need.
  const copied = min(rowBytes, paddedBytes - leftBytes);
  const end = min(p.rows, (item + 1) * p.rowsPerItem);
  for (let row = item * p.rowsPerItem; row < end; row++) {
    const out = p.to + <usize>row * paddedBytes;
    memory.fill(out, 0, leftBytes);
    memory.copy(out + leftBytes, p.from + <usize>row * rowBytes, copied);
    memory.fill(out + leftBytes + copied, 0, paddedBytes - leftBytes - copied);
  }
}
