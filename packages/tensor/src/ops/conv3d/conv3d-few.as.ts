/**
 * Convolution of few input channels, as a first layer has: with one of them a tap is one multiplication a voxel, too little to look up where it lies. All
 * taps of a run of output voxels are gathered into a panel, and a product sums over them, with the bias as one more tap that is always 1.
 */
import { channelBlocks } from './conv3d-pack.as';
import { gather, Gathered } from './conv3d-panel.as';
import { multiply4x8 } from './conv3d-product.as';

@unmanaged
class FewChannels extends Gathered {
  x: usize;
  /** `[block of eight channels, panelRows, 8]`: see conv3d-pack.as.ts. */
  weights: usize;
  panelRows: i32;
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
  const pitch = <usize>p.panelRows << 2;
  const voxelBytes = <usize>p.outputChannels << 2;
  const blocks = channelBlocks(p.outputChannels);
  const edge = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const panel = edge + EDGE_BYTES;
  for (let voxel = start; voxel < end; voxel += p.voxelsPerPanel) {
    const count = min(p.voxelsPerPanel, end - voxel);
    for (let tap = 0; tap < taps; tap++) gather(p, p.x, panel + (<usize>(tap * p.inputChannels) << 2), pitch, voxel, count, tap);
    for (let i = 0; i < count; i++) {
      const after = panel + <usize>i * pitch + (<usize>rows << 2);
      store<f32>(after, 1);
      for (let rest = rows + 1; rest < p.panelRows; rest++) store<f32>(after + (<usize>(rest - rows) << 2), 0);
    }
    for (let block = 0; block < blocks; block++) {
      const channels = min(8, p.outputChannels - (block << 3));
      const weights = p.weights + (<usize>(block * p.panelRows) << 5);
      for (let i = 0; i < count; i += 4) {
        const from = panel + <usize>i * pitch;
        const to = p.y + <usize>(voxel + i) * voxelBytes + (<usize>block << 5);
        const voxels = min(4, count - i);
        if (voxels == 4 && channels == 8) multiply4x8(from, pitch, p.panelRows, weights, to, voxelBytes, false);
        else {
          multiply4x8(from, pitch, p.panelRows, weights, edge, 32, false);
          for (let m = 0; m < voxels; m++) memory.copy(to + <usize>m * voxelBytes, edge + (<usize>m << 5), <usize>channels << 2);
        }
      }
    }
  }
}
