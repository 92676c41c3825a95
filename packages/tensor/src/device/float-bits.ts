/** The bits of a 32-bit float as an integer: how floats travel in command words and uniform blocks. */
const float = new Float32Array(1);
const word = new Int32Array(float.buffer);

export function floatBits(value: number): number {
  float[0] = value;
  return word[0]!;
}
