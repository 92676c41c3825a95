/**
 * The weight gradient for every geometry. For each tap and a run of output voxels, the input voxels that the tap meets are gathered
 * into a panel (zeros where they lie outside); panelᵀ · dy is then a plain product. Voxels are split into parts that sum on their own,
 * as many as the shapes say and never as threads say; the parts are added in order.
 */
import { outerProducts } from './conv3d-outer.as';

@unmanaged
class WeightGradient {
  x: usize;
  dy: usize;
  /** `parts` gradients, `partFloats` apart. */
  out: usize;
  partFloats: i32;
  scratch: usize;
  scratchBytes: i32;
  batch: i32;
  inputDepth: i32;
  inputHeight: i32;
  inputWidth: i32;
  outputDepth: i32;
  outputHeight: i32;
  outputWidth: i32;
  groups: i32;
  /** Floats from one voxel of x to the next. */
  inputPitch: i32;
  /** Channels of one group. `inputChannels` floats are read at each tap, which may be those of several voxels in a row. */
  inputChannels: i32;
  outputChannels: i32;
  kernelDepth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideDepth: i32;
  strideHeight: i32;
  strideWidth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  dilationDepth: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  /** Taps that share a panel: 1 or all. */
  tapsPerPanel: i32;
  /** Panels that one item computes. */
  panelsPerItem: i32;
  voxelsPerPart: i32;
  voxelsPerPanel: i32;
  /** 1: a 1×1×1 kernel that meets each voxel once, so that x is the panel. */
  inPlace: i32;
}

/** One item: a part of the voxels, a run of panels, a group. */
export function conv3dWeightGradient(p: WeightGradient, item: i32, thread: i32): void {
  const panels = (p.kernelDepth * p.kernelHeight * p.kernelWidth) / p.tapsPerPanel;
  const panelItems = (panels + p.panelsPerItem - 1) / p.panelsPerItem;
  const firstPanel = (item % panelItems) * p.panelsPerItem;
  const lastPanel = min(panels, firstPanel + p.panelsPerItem);
  const group = (item / panelItems) % p.groups;
  const part = item / panelItems / p.groups;

  const voxels = p.batch * p.outputDepth * p.outputHeight * p.outputWidth;
  const start = part * p.voxelsPerPart;
  const end = min(voxels, start + p.voxelsPerPart);
  const edge = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const gathered = edge + 128;
  const rows = p.tapsPerPanel * p.inputChannels;
  const dyPitch = <usize>(p.groups * p.outputChannels) << 2;
  const xPitch = <usize>p.inputPitch << 2;
  const x = p.x + (<usize>(group * p.inputChannels) << 2);
  const dy = p.dy + (<usize>(group * p.outputChannels) << 2);
  const out = p.out + (<usize>part * <usize>p.partFloats << 2) + (<usize>(group * p.outputChannels) << 2);
  // Whole quads are copied, also at a panel's last tap.
  const panelPitch = p.inPlace ? xPitch : <usize>((rows - p.inputChannels + ((p.inputChannels + 3) & ~3) + 3) & ~3) << 2;
  for (let voxel = start; voxel < end; voxel += p.voxelsPerPanel) {
    const count = min(p.voxelsPerPanel, end - voxel);
    for (let panel = firstPanel; panel < lastPanel; panel++) {
      let from = gathered;
      if (p.inPlace) from = x + <usize>voxel * xPitch;
      else
        for (let tap = 0; tap < p.tapsPerPanel; tap++)
          gather(p, x, gathered + (<usize>(tap * p.inputChannels) << 2), panelPitch, voxel, count, panel * p.tapsPerPanel + tap);
      outerProducts(
        from,
        panelPitch,
        dy + <usize>voxel * dyPitch,
        dyPitch,
        count,
        out + <usize>(panel * rows) * dyPitch,
        dyPitch,
        rows,
        p.outputChannels,
        voxel > start,
        edge,
      );
    }
  }
}

/**
 * Fills a tap's part of a panel: for each output voxel the channels of the input voxel that the tap meets. Quads are copied whole; what is too much is
 * overwritten by the next tap, so taps are gathered in order.
 */
function gather(p: WeightGradient, x: usize, out: usize, pitch: usize, voxel: i32, count: i32, tap: i32): void {
  const xPitch = <usize>p.inputPitch << 2;
  const kernelRow = tap / p.kernelWidth;
  const shiftZ = (kernelRow / p.kernelHeight) * p.dilationDepth - p.paddingDepth;
  const shiftY = (kernelRow % p.kernelHeight) * p.dilationHeight - p.paddingHeight;
  const shiftX = (tap % p.kernelWidth) * p.dilationWidth - p.paddingWidth;
  const bytes = <usize>p.inputChannels << 2;
  let ox = voxel % p.outputWidth;
  let rest = voxel / p.outputWidth;
  let oy = rest % p.outputHeight;
  rest /= p.outputHeight;
  let oz = rest % p.outputDepth;
  let image = rest / p.outputDepth;
  while (count > 0) {
    const z = oz * p.strideDepth + shiftZ;
    const y = oy * p.strideHeight + shiftY;
    const rowInside = <u32>z < <u32>p.inputDepth && <u32>y < <u32>p.inputHeight;
    const row = x + <usize>((image * p.inputDepth + z) * p.inputHeight + y) * <usize>p.inputWidth * xPitch;
    const here = min(count, p.outputWidth - ox);
    let sourceX = ox * p.strideWidth + shiftX;
    for (let i = 0; i < here; i++) {
      const end = out + bytes;
      if (rowInside && <u32>sourceX < <u32>p.inputWidth) {
        let from = row + <usize>sourceX * xPitch;
        for (let at = out; at < end; at += 16, from += 16) v128.store(at, v128.load(from));
      } else for (let at = out; at < end; at += 16) v128.store(at, f32x4.splat(0));
      sourceX += p.strideWidth;
      out += pitch;
    }
    count -= here;
    ox = 0;
    if (++oy == p.outputHeight) {
      oy = 0;
      if (++oz == p.outputDepth) {
        oz = 0;
        image++;
      }
    }
  }
}

@unmanaged
class SumParts {
  from: usize;
  to: usize;
  parts: i32;
  partFloats: i32;
  floats: i32;
  floatsPerItem: i32;
}

/** Adds the parts in order. `partFloats` and `floatsPerItem` are multiples of 4. */
export function conv3dSumParts(p: SumParts, item: i32, thread: i32): void {
  const end = min(p.floats, (item + 1) * p.floatsPerItem);
  const pitch = <usize>p.partFloats << 2;
  let i = item * p.floatsPerItem;
  for (; i + 4 <= end; i += 4) {
    let sum = f32x4.splat(0);
    let from = p.from + (<usize>i << 2);
    for (let part = 0; part < p.parts; part++) {
      sum = f32x4.add(sum, v128.load(from));
      from += pitch;
    }
    v128.store(p.to + (<usize>i << 2), sum);
  }
  for (; i < end; i++) {
    let sum: f32 = 0;
    let from = p.from + (<usize>i << 2);
    for (let part = 0; part < p.parts; part++) {
      sum += load<f32>(from);
      from += pitch;
    }
    store<f32>(p.to + (<usize>i << 2), sum);
  }
}
