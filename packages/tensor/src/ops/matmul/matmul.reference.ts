/** Batched matrix products as plain loops in double precision: what the kernels are tested against. */

/** `out [batch, m, n]`, and how many products each of its elements sums. */
export interface ProductShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export function referenceMatmul(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { batch, m, n, k }: ProductShape,
  transposeA: boolean,
  transposeB: boolean,
): Float64Array {
  const out = new Float64Array(batch * m * n);
  for (let at = 0; at < out.length; at++) {
    const [layer, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    for (let i = 0; i < k; i++) {
      const left = layer * m * k + (transposeA ? i * m + row : row * k + i);
      const right = layer * k * n + (transposeB ? column * k + i : i * n + column);
      out[at]! += a[left]! * b[right]!;
    }
  }
  return out;
}
