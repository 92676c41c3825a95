/**
 * Convolution and its data gradient for every geometry, as a product with indirection (Dukhan, "The Indirect Convolution Algorithm", 2019):
 * four target voxels at a time, a table holds for each tap where their source voxels lie — or a row of zeros, where they would lie outside.
 * Nothing is padded or copied, and the inner loop is that of a matrix product: four voxels × eight channels in registers.
 *
 * The data gradient with stride s falls apart into s³ classes of target voxels that share their taps. Within a class it reads like a
 * convolution with stride 1, so one kernel does both: a transposed convolution with kernel = stride is then one product for each class.
 */
import { channelBlocks } from './conv3d-pack.as';
import { product4x16, product4x8, targetsAt } from './conv3d-product.as';
import { Window } from './conv3d-window.as';

@unmanaged
class DirectConvolution extends Window {
  source: usize;
  /** See conv3d-pack.as.ts. */
  packed: usize;
  target: usize;
  scratch: usize;
  scratchBytes: i32;
  zeroFloats: i32;
  batch: i32;
  sourceDepth: i32;
  sourceHeight: i32;
  sourceWidth: i32;
  targetDepth: i32;
  targetHeight: i32;
  targetWidth: i32;
  groups: i32;
  /** Floats from one source voxel to the next. */
  sourcePitch: i32;
  /** Channels of one group. `sourceChannels` floats are read at each tap, which may be those of several voxels in a row. */
  sourceChannels: i32;
  targetChannels: i32;
  /** 1: the data gradient. */
  transposed: i32;
  /** What one item computes: so many blocks of four voxels, so many blocks of eight channels. */
  voxelBlocks: i32;
  channelBlocks: i32;
  /** Items along voxels (of the largest class) and along channels. */
  voxelItems: i32;
  channelItems: i32;
}

/** Where a tap finds its source, relative to a target voxel: byte offset of its weights, of its source, and the offset on each axis. */
const TAP_BYTES: usize = 20;
/** A target voxel: source coordinates without the tap's offset, address there, address of the target. */
const VOXEL_BYTES: usize = 20;
/** One line of the table: four source addresses and the address of the weights. */
const LINE_BYTES: usize = 32;

/** Source offset of tap `k` for target voxels ≡ `residue`, or `NONE` where the tap never meets them. */
const NONE: i32 = i32.MIN_VALUE;
@inline
function tapOffset(k: i32, residue: i32, stride: i32, padding: i32, dilation: i32, transposed: i32): i32 {
  if (!transposed) return k * dilation - padding;
  const reach = residue + padding - k * dilation;
  return reach % stride == 0 ? reach / stride : NONE;
}

/** One item: a run of target voxels of one class, a run of channel blocks of one group. */
export function conv3dDirect(p: DirectConvolution, item: i32, thread: i32): void {
  const channelItem = item % p.channelItems;
  let rest = item / p.channelItems;
  const voxelItem = rest % p.voxelItems;
  rest /= p.voxelItems;
  const group = rest % p.groups;
  rest /= p.groups;
  const classesHeight = p.transposed ? p.strideHeight : 1;
  const classesWidth = p.transposed ? p.strideWidth : 1;
  const residueWidth = rest % classesWidth;
  rest /= classesWidth;
  const residueHeight = rest % classesHeight;
  const residueDepth = rest / classesHeight;

  const classesDepth = p.transposed ? p.strideDepth : 1;
  const depth = (p.targetDepth - residueDepth + classesDepth - 1) / classesDepth;
  const height = (p.targetHeight - residueHeight + classesHeight - 1) / classesHeight;
  const width = (p.targetWidth - residueWidth + classesWidth - 1) / classesWidth;
  const voxels = p.batch * depth * height * width;
  let voxel = voxelItem * p.voxelBlocks * 4;
  const end = min(voxels, voxel + p.voxelBlocks * 4);
  if (voxel >= end) return;

  // Scratch: the products of a block with fewer than eight channels, a place for voxels that are none, the taps, four voxels, the tables.
  const partial = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const taps = partial + 192;
  const pixelBytes = <usize>p.sourcePitch << 2;
  const tapCount = listTaps(p, taps, residueDepth, residueHeight, residueWidth, pixelBytes);
  const fourVoxels = taps + <usize>(p.kernelDepth * p.kernelHeight * p.kernelWidth) * TAP_BYTES;
  const tables = (fourVoxels + 4 * VOXEL_BYTES + 31) & ~31;
  const tableBytes = <usize>(tapCount + 1) * LINE_BYTES;

  // One table for each block of four voxels, used by all channel blocks.
  const stepDepth = p.transposed ? 1 : p.strideDepth;
  const stepHeight = p.transposed ? 1 : p.strideHeight;
  const stepWidth = p.transposed ? 1 : p.strideWidth;
  const source = p.source + (<usize>(group * p.sourceChannels) << 2);
  const target = p.target + (<usize>(group * p.targetChannels) << 2);
  const targetPixelBytes = <usize>(p.groups * p.targetChannels) << 2;
  let x = voxel % width;
  let row = voxel / width;
  let y = row % height;
  row /= height;
  let z = row % depth;
  let image = row / depth;
  let table = tables;
  let blocks = 0;
  while (voxel < end) {
    const count = min(4, end - voxel);
    for (let m = 0; m < 4; m++) {
      const out = fourVoxels + <usize>m * VOXEL_BYTES;
      if (m >= count) {
        // Outside on every axis, so that all taps read zeros.
        store<i32>(out, i32.MIN_VALUE / 2);
        store<usize>(table + (<usize>m << 2), 0);
        continue;
      }
      const sourceZ = z * stepDepth;
      const sourceY = y * stepHeight;
      const sourceX = x * stepWidth;
      store<i32>(out, sourceZ);
      store<i32>(out, sourceY, 4);
      store<i32>(out, sourceX, 8);
      const line = (image * p.sourceDepth + sourceZ) * p.sourceHeight + sourceY;
      store<usize>(out, source + (<usize>line * <usize>p.sourceWidth + <usize>sourceX) * pixelBytes, 12);
      const targetLine =
        (image * p.targetDepth + z * classesDepth + residueDepth) * p.targetHeight + y * classesHeight + residueHeight;
      const targetX = x * classesWidth + residueWidth;
      const address = target + (<usize>targetLine * <usize>p.targetWidth + <usize>targetX) * targetPixelBytes;
      store<usize>(table + (<usize>m << 2), address);
      if (++x == width) {
        x = 0;
        if (++y == height) {
          y = 0;
          if (++z == depth) {
            z = 0;
            image++;
          }
        }
      }
    }
    store<i32>(table, fillTable(p, table + LINE_BYTES, taps, tapCount, fourVoxels), 16);
    table += tableBytes;
    voxel += 4;
    blocks++;
  }

  const allBlocks = channelBlocks(p.targetChannels);
  const biases = p.packed + (<usize>p.zeroFloats << 2);
  const panels = biases + (<usize>(p.groups * allBlocks) << 5);
  const panelBytes = <usize>(p.kernelDepth * p.kernelHeight * p.kernelWidth * p.sourceChannels) << 5;
  const lastBlock = min(allBlocks, (channelItem + 1) * p.channelBlocks);
  let channel = (channelItem * p.channelBlocks) << 3;
  const lastChannel = min(lastBlock << 3, p.targetChannels);
  while (channel < lastChannel) {
    const index = <usize>(group * allBlocks + (channel >> 3));
    const weights = panels + index * panelBytes;
    const bias = biases + (index << 5);
    const offset = <usize>channel << 2;
    const taken = targetsAt(channel, lastChannel);
    table = tables;
    for (let b = 0; b < blocks; b++) {
      if (taken == 16) product4x16(table, weights, panelBytes, p.sourceChannels, bias, offset);
      else product4x8(table, weights, p.sourceChannels, bias, offset, min(8, lastChannel - channel), partial);
      table += tableBytes;
    }
    channel += taken;
  }
}

function listTaps(p: DirectConvolution, taps: usize, residueZ: i32, residueY: i32, residueX: i32, pixelBytes: usize): i32 {
  let count = 0;
  for (let z = 0; z < p.kernelDepth; z++) {
    const offsetZ = tapOffset(z, residueZ, p.strideDepth, p.paddingDepth, p.dilationDepth, p.transposed);
    if (offsetZ == NONE) continue;
    for (let y = 0; y < p.kernelHeight; y++) {
      const offsetY = tapOffset(y, residueY, p.strideHeight, p.paddingHeight, p.dilationHeight, p.transposed);
      if (offsetY == NONE) continue;
      for (let x = 0; x < p.kernelWidth; x++) {
        const offsetX = tapOffset(x, residueX, p.strideWidth, p.paddingWidth, p.dilationWidth, p.transposed);
        if (offsetX == NONE) continue;
        const tap = taps + <usize>count * TAP_BYTES;
        store<i32>(tap, offsetZ);
        store<i32>(tap, offsetY, 4);
        store<i32>(tap, offsetX, 8);
        const pixels = (offsetZ * p.sourceHeight + offsetY) * p.sourceWidth + offsetX;
        store<i32>(tap, pixels * <i32>pixelBytes, 12);
        store<i32>(tap, (((z * p.kernelHeight + y) * p.kernelWidth + x) * p.sourceChannels) << 5, 16);
        count++;
      }
    }
  }
  return count;
}

/** Writes a line for each tap that at least one of the four voxels meets; returns how many lines. */
function fillTable(p: DirectConvolution, table: usize, taps: usize, tapCount: i32, fourVoxels: usize): i32 {
  const zeros = p.packed;
  let line = table;
  for (let t = 0; t < tapCount; t++) {
    const tap = taps + <usize>t * TAP_BYTES;
    const offsetZ = load<i32>(tap);
    const offsetY = load<i32>(tap, 4);
    const offsetX = load<i32>(tap, 8);
    const delta = load<i32>(tap, 12);
    let any = false;
    for (let m: usize = 0; m < 4; m++) {
      const voxel = fourVoxels + m * VOXEL_BYTES;
      const inside =
        (<u32>(load<i32>(voxel) + offsetZ) < <u32>p.sourceDepth) &
        (<u32>(load<i32>(voxel, 4) + offsetY) < <u32>p.sourceHeight) &
        (<u32>(load<i32>(voxel, 8) + offsetX) < <u32>p.sourceWidth);
      any = any | <bool>inside;
      store<usize>(line + (m << 2), select<usize>(load<usize>(voxel, 12) + <usize>delta, zeros, <bool>inside));
    }
    store<usize>(line, load<usize>(tap, 16), 16);
    line += select<usize>(LINE_BYTES, 0, any);
  }
  return <i32>((line - table) / LINE_BYTES);
}
