/** Where rounding must not take uniform numbers: to the upper end of their interval, which does not belong to it. */

/** The largest number allowed in [low, high), as f32. An empty interval allows what comes. */
export function uniformLimit(low: number, high: number): number {
  return Math.fround(low) < Math.fround(high) ? floatBelow(high) : 3.4028234663852886e38;
}

/** The largest float below a finite float. */
function floatBelow(value: number): number {
  const float = new Float32Array([value]);
  const word = new Int32Array(float.buffer);
  if (float[0] === 0) return -(2 ** -149);
  word[0] = word[0]! + (float[0]! > 0 ? -1 : 1);
  return float[0]!;
}
