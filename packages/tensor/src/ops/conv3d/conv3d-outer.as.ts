/** The innermost loops of weight gradients: sums of outer products, four rows × eight columns in registers, or sixteen with wide vectors. */
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
    let column = 0;
    if (WIDE && rowsHere == 4)
      for (; column + 16 <= columns; column += 16)
        outer4x16(a + (<usize>row << 2), aStride, b + (<usize>column << 2), bStride, count, out + <usize>row * outPitch + (<usize>column << 2), outPitch, add);
    for (; column < columns; column += 8) {
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

function outer4x16(a: usize, aStride: usize, b: usize, bStride: usize, count: i32, out: usize, outPitch: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0);
  let b1 = f32x4.splat(0);
  let b2 = f32x4.splat(0);
  let b3 = f32x4.splat(0);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let c2 = f32x4.splat(0);
  let c3 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let d2 = f32x4.splat(0);
  let d3 = f32x4.splat(0);
  const out1 = out + outPitch;
  const out2 = out1 + outPitch;
  const out3 = out2 + outPitch;
  for (let i = 0; i < count; i++) {
    const w0 = v128.load(b);
    const w1 = v128.load(b, 16);
    const w2 = v128.load(b, 32);
    const w3 = v128.load(b, 48);
    let s = v128.load32_splat(a);
    a0 = madd(s, w0, a0);
    a1 = madd(s, w1, a1);
    a2 = madd(s, w2, a2);
    a3 = madd(s, w3, a3);
    s = v128.load32_splat(a, 4);
    b0 = madd(s, w0, b0);
    b1 = madd(s, w1, b1);
    b2 = madd(s, w2, b2);
    b3 = madd(s, w3, b3);
    s = v128.load32_splat(a, 8);
    c0 = madd(s, w0, c0);
    c1 = madd(s, w1, c1);
    c2 = madd(s, w2, c2);
    c3 = madd(s, w3, c3);
    s = v128.load32_splat(a, 12);
    d0 = madd(s, w0, d0);
    d1 = madd(s, w1, d1);
    d2 = madd(s, w2, d2);
    d3 = madd(s, w3, d3);
    a += aStride;
    b += bStride;
  }
  if (add) {
    a0 = f32x4.add(a0, v128.load(out));
    a1 = f32x4.add(a1, v128.load(out, 16));
    a2 = f32x4.add(a2, v128.load(out, 32));
    a3 = f32x4.add(a3, v128.load(out, 48));
    b0 = f32x4.add(b0, v128.load(out1));
    b1 = f32x4.add(b1, v128.load(out1, 16));
    b2 = f32x4.add(b2, v128.load(out1, 32));
    b3 = f32x4.add(b3, v128.load(out1, 48));
    c0 = f32x4.add(c0, v128.load(out2));
    c1 = f32x4.add(c1, v128.load(out2, 16));
    c2 = f32x4.add(c2, v128.load(out2, 32));
    c3 = f32x4.add(c3, v128.load(out2, 48));
    d0 = f32x4.add(d0, v128.load(out3));
    d1 = f32x4.add(d1, v128.load(out3, 16));
    d2 = f32x4.add(d2, v128.load(out3, 32));
    d3 = f32x4.add(d3, v128.load(out3, 48));
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
  v128.store(out1, b0);
  v128.store(out1, b1, 16);
  v128.store(out1, b2, 32);
  v128.store(out1, b3, 48);
  v128.store(out2, c0);
  v128.store(out2, c1, 16);
  v128.store(out2, c2, 32);
  v128.store(out2, c3, 48);
  v128.store(out3, d0);
  v128.store(out3, d1, 16);
  v128.store(out3, d2, 32);
  v128.store(out3, d3, 48);
}
