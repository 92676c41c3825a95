/** The distribution function of the normal distribution, to double precision. */

/** The integral of the standard normal density up to `z`. */
export function normalIntegral(z: number): number {
  const tail = upperTail(Math.abs(z));
  return z < 0 ? tail : 1 - tail;
}

/** From `z ≥ 0` on: near the middle by Taylor's series, further out by Laplace's continued fraction (Abramowitz and Stegun 26.2.10 and 26.2.14). */
function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let k = 60; k > 0; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let k = 1; Math.abs(term) > 1e-18 * sum; k++) {
    term *= (z * z) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}
