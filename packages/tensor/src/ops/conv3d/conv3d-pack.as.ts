/**
 * Weights as the direct convolution reads them: eight output channels side by side for each source channel of each tap, so that the inner
 * loop streams one contiguous panel. The block starts with a row of zeros, which stands in for voxels outside the source, and the bias.
 * The same layout serves both directions: for the data gradient, source and target channels change places.
 */

@unmanaged
export class PackWeights {
  weight: usize;
  bias: usize;
  /** `[zeros: zeroFloats] [bias: groups · blocks · 8] [weights: group, block, tap, source channel, 8]`, a block `panelRows` rows of eight. */
  packed: usize;
  zeroFloats: i32;
  taps: i32;
  groups: i32;
  /** Channels of one group on the side that is read and the side that is written. */
  sourceChannels: i32;
  targetChannels: i32;
  /** 1: the data gradient, which reads what the convolution writes. */
  transposed: i32;
  /** taps · sourceChannels, or more: then the bias follows as one more source, and zeros. */
  panelRows: i32;
}

/** Blocks of eight that `channels` target channels take. */
@inline
export function channelBlocks(channels: i32): i32 {
  return (channels + 7) >> 3;
}

/** One item packs one block of eight target channels of one group. */
export function conv3dPackWeights(p: PackWeights, item: i32, thread: i32): void {
  const blocks = channelBlocks(p.targetChannels);
  const group = item / blocks;
  const block = item - group * blocks;
  const first = block << 3;
  const valid = min(8, p.targetChannels - first);
  if (item == 0) memory.fill(p.packed, 0, <usize>p.zeroFloats << 2);
  const biases = p.packed + (<usize>p.zeroFloats << 2);
  const bias = biases + (<usize>item << 5);
  packBias(p, bias, group * p.targetChannels + first, valid);
  const panel = biases + (<usize>(p.groups * blocks) << 5) + ((<usize>item * <usize>p.panelRows) << 5);
  if (p.transposed) packTransposed(p, panel, group, first, valid);
  else packForward(p, panel, group, first, valid);
  const rows = p.taps * p.sourceChannels;
  if (rows == p.panelRows) return;
  const after = panel + (<usize>rows << 5);
  memory.copy(after, bias, 32);
  memory.fill(after + 32, 0, <usize>(p.panelRows - rows - 1) << 5);
}

function packBias(p: PackWeights, out: usize, channel: i32, valid: i32): void {
  for (let lane = 0; lane < 8; lane++) {
    const value: f32 = p.bias != 0 && lane < valid ? load<f32>(p.bias + (<usize>(channel + lane) << 2)) : 0;
    store<f32>(out + (<usize>lane << 2), value);
  }
}

/** From `[tap, source, groups · target]`. */
function packForward(p: PackWeights, panel: usize, group: i32, first: i32, valid: i32): void {
  const pitch = <usize>(p.groups * p.targetChannels) << 2;
  let from = p.weight + (<usize>(group * p.targetChannels + first) << 2);
  const rows = p.taps * p.sourceChannels;
  for (let row = 0; row < rows; row++) {
    if (valid == 8) {
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
    } else {
      for (let lane = 0; lane < 8; lane++) {
        const value: f32 = lane < valid ? load<f32>(from + (<usize>lane << 2)) : 0;
        store<f32>(panel + (<usize>lane << 2), value);
      }
    }
    from += pitch;
    panel += 32;
  }
}

/** From `[tap, target, groups · source]`. */
function packTransposed(p: PackWeights, panel: usize, group: i32, first: i32, valid: i32): void {
  const pitch = <usize>(p.groups * p.sourceChannels) << 2;
  for (let tap = 0; tap < p.taps; tap++) {
    const from = p.weight + <usize>(tap * p.targetChannels + first) * pitch + (<usize>(group * p.sourceChannels) << 2);
    for (let lane = 0; lane < 8; lane++) {
      let out = panel + (<usize>lane << 2);
      const row = from + <usize>lane * pitch;
      for (let channel = 0; channel < p.sourceChannels; channel++) {
        const value: f32 = lane < valid ? load<f32>(row + (<usize>channel << 2)) : 0;
        store<f32>(out, value);
        out += 32;
      }
    }
    panel += <usize>p.sourceChannels << 5;
  }
}
