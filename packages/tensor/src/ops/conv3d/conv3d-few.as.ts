/**
 * Convolution of few input channels, as a first layer has: with one of them a tap is one multiplication a voxel, too little to look up where it lies. All
 * taps of a run of output voxels are gathered into a panel, and a product sums over them, with the bias as one more tap that is always 1.
 */
import { channelBlocks } from './conv3d-pack.as';
import { gather, Gathered, panelFloats } from './conv3d-panel.as';
import { multiply4x8 } from './conv3d-winograd.as';

@unmanaged
class FewChannels extends Gathered {
  x: usize;
  /** See conv3d-pack.as.ts. */
  packed: usize;
  zeroFloats: i32;
  y: usize;
  scratch: usize;
  scratchBytes: i32;
  voxelsPerItem: i32;
  /** A multiple of 4. */
  voxelsPerPanel: i32;
}

/** Where products at the edges of the result go first: four voxels, eight channels. */
const EDGE_BYTES: usize = 128;

/** One item: a run of output voxels. */
export function conv3dFewChannels(p: FewChannels, item: i32, thread: i32): void {
  const start = item * p.voxelsPerItem;
  const end = min(start + p.voxelsPerItem, p.batch * p.outputDepth * p.outputHeight * p.outputWidth);
  const taps = p.kernelDepth * p.kernelHeight * p.kernelWidth;
  const rows = taps * p.inputChannels;
  const floats = max(panelFloats(p, taps), (rows + 4) & ~3);
  const pitch = <usize>floats << 2;
  const voxelBytes = <usize>p.outputChannels << 2;
  const blocks = channelBlocks(p.outputChannels);
  const edge = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const weights = edge + EDGE_BYTES;
  const weightBytes = <usize>floats << 5;
  const panel = weights + <usize>blocks * weightBytes;
  withBiases(p, weights, weightBytes, blocks, rows);
  for (let voxel = start; voxel < end; voxel += p.voxelsPerPanel) {
    const count = min(p.voxelsPerPanel, end - voxel);
    for (let tap = 0; tap < taps; tap++) gather(p, p.x, panel + (<usize>(tap * p.inputChannels) << 2), pitch, voxel, count, tap);
    for (let i = 0; i < count; i++) {
      const after = panel + <usize>i * pitch + (<usize>rows << 2);
      store<f32>(after, 1);
      for (let rest = rows + 1; rest < floats; rest++) store<f32>(after + (<usize>(rest - rows) << 2), 0);
    }
    for (let block = 0; block < blocks; block++) {
      const channels = min(8, p.outputChannels - (block << 3));
      for (let i = 0; i < count; i += 4) {
        const from = panel + <usize>i * pitch;
        const to = p.y + <usize>(voxel + i) * voxelBytes + (<usize>block << 5);
        const voxels = min(4, count - i);
        if (voxels == 4 && channels == 8) multiply4x8(from, pitch, floats, weights + <usize>block * weightBytes, to, voxelBytes, false);
        else {
          multiply4x8(from, pitch, floats, weights + <usize>block * weightBytes, edge, 32, false);
          for (let m = 0; m < voxels; m++) memory.copy(to + <usize>m * voxelBytes, edge + (<usize>m << 5), <usize>channels << 2);
        }
      }
    }
  }
}

/** Packed weights with the biases as one more row, and zeros. */
function withBiases(p: FewChannels, to: usize, bytes: usize, blocks: i32, rows: i32): void {
  const biases = p.packed + (<usize>p.zeroFloats << 2);
  const panels = biases + (<usize>blocks << 5);
  const rowBytes = <usize>rows << 5;
  for (let block: usize = 0; block < <usize>blocks; block++) {
    memory.copy(to, panels + block * rowBytes, rowBytes);
    memory.copy(to + rowBytes, biases + (block << 5), 32);
    memory.fill(to + rowBytes + 32, 0, bytes - rowBytes - 32);
    to += bytes;
  }
}
