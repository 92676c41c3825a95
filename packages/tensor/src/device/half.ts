/** IEEE 754 half precision on the host: 16-bit patterns to floats and back, rounding to nearest even. */
const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

export function halfToFloat(from: Uint16Array, to: Float32Array): void {
  for (let i = 0; i < from.length; i++) {
    const half = from[i]!;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    to[i] = half & 0x8000 ? -magnitude : magnitude;
  }
}

export function floatToHalf(from: Float32Array, to: Uint16Array): void {
  for (let i = 0; i < from.length; i++) {
    float[0] = from[i]!;
    const bits = word[0]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) to[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) to[i] = sign | 0x7c00;
    else if (magnitude < 0x38800000) to[i] = sign | roundHalfEven(Math.abs(from[i]!) * 2 ** 24);
    else to[i] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
