/** The innermost loops of weight gradients: sums of outer products, four rows × eight columns in registers. */
import { madd } from '../../device/cpu/simd.as';

/**
 * `out[row, column] (+)= Σ_i a[i, row] · b[i, column]` for `rows` × `columns` sums. Strides and pitches are in bytes. At the edges up to 28 bytes
 * past a row of `a` or `b` are read and not used. `scratch` has room for 128 bytes.
 */
export function outerProducts(
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  count: i32,
  out: usize,
  outPitch: usize,
  rows: i32,
  columns: i32,
  add: bool,
  scratch: usize,
): void {
  for (let row = 0; row < rows; row += 4) {
    const rowsHere = min(4, rows - row);
    for (let column = 0; column < columns; column += 8) {
      const columnsHere = min(8, columns - column);
      const target = out + <usize>row * outPitch + (<usize>column << 2);
      const left = a + (<usize>row << 2);
      const right = b + (<usize>column << 2);
      if (rowsHere == 4 && columnsHere == 8) outer4x8(left, aStride, right, bStride, count, target, outPitch, add);
      else {
        const bytes = <usize>columnsHere << 2;
        if (add) for (let r = 0; r < rowsHere; r++) memory.copy(scratch + (<usize>r << 5), target + <usize>r * outPitch, bytes);
        outer4x8(left, aStride, right, bStride, count, scratch, 32, add);
        for (let r = 0; r < rowsHere; r++) memory.copy(target + <usize>r * outPitch, scratch + (<usize>r << 5), bytes);
      }
    }
  }
}

function outer4x8(a: usize, aStride: usize, b: usize, bStride: usize, count: i32, out: usize, outPitch: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  const out1 = out + outPitch;
  const out2 = out1 + outPitch;
  const out3 = out2 + outPitch;
  for (let i = 0; i < count; i++) {
    const w0 = v128.load(b);
    const w1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    a0 = madd(s, w0, a0);
    a1 = madd(s, w1, a1);
    s = v128.load32_splat(a, 4);
    b0 = madd(s, w0, b0);
    b1 = madd(s, w1, b1);
    s = v128.load32_splat(a, 8);
    c0 = madd(s, w0, c0);
    c1 = madd(s, w1, c1);
    s = v128.load32_splat(a, 12);
    d0 = madd(s, w0, d0);
    d1 = madd(s, w1, d1);
    a += aStride;
    b += bStride;
  }
  if (add) {
    a0 = f32x4.add(a0, v128.load(out));
    a1 = f32x4.add(a1, v128.load(out, 16));
    b0 = f32x4.add(b0, v128.load(out1));
    b1 = f32x4.add(b1, v128.load(out1, 16));
    c0 = f32x4.add(c0, v128.load(out2));
    c1 = f32x4.add(c1, v128.load(out2, 16));
    d0 = f32x4.add(d0, v128.load(out3));
    d1 = f32x4.add(d1, v128.load(out3, 16));
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out1, b0);
  v128.store(out1, b1, 16);
  v128.store(out2, c0);
  v128.store(out2, c1, 16);
  v128.store(out3, d0);
  v128.store(out3, d1, 16);
}
