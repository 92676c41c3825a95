/** Intensities to mean 0 and standard deviation 1, as nnU-Net's ZScoreNormalization. */

/**
 * Changes one channel in place: (x − mean) / max(std, 1e-8) with the population's standard deviation, both over the voxels where `mask` is
 * not 0. With a mask, the others stay as they are (0, where the mask is the non-zero region); without one, all voxels count.
 * Sums are float64: nnU-Net's float32 ones differ by some 1e-6.
 */
export function zScore(channel: Float32Array, mask?: ArrayLike<number>): Float32Array {
  let count = 0;
  let sum = 0;
  for (let i = 0; i < channel.length; i++) {
    if (mask !== undefined && mask[i] === 0) continue;
    sum += channel[i]!;
    count++;
  }
  const mean = count === 0 ? 0 : sum / count;
  let squares = 0;
  for (let i = 0; i < channel.length; i++)
    if (mask === undefined || mask[i] !== 0) squares += (channel[i]! - mean) ** 2;
  const deviation = Math.max(count === 0 ? 0 : Math.sqrt(squares / count), 1e-8);
  for (let i = 0; i < channel.length; i++)
    if (mask === undefined || mask[i] !== 0) channel[i] = (channel[i]! - mean) / deviation;
  return channel;
}
