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
  /** Channels of one group. */
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
  /** Taps of a kernel row that share a panel: 1 or kernelWidth. */
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
  const panelsPerRow = p.kernelWidth / p.tapsPerPanel;
  const panels = p.kernelDepth * p.kernelHeight * panelsPerRow;
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
  const xPitch = <usize>(p.groups * p.inputChannels) << 2;
  const x = p.x + (<usize>(group * p.inputChannels) << 2);
  const dy = p.dy + (<usize>(group * p.outputChannels) << 2);
  const out = p.out + (<usize>part * <usize>p.partFloats << 2) + (<usize>(group * p.outputChannels) << 2);
  const panelPitch = p.inPlace ? xPitch : <usize>((rows + 3) & ~3) << 2;
  for (let voxel = start; voxel < end; voxel += p.voxelsPerPanel) {
    const count = min(p.voxelsPerPanel, end - voxel);
    for (let panel = firstPanel; panel < lastPanel; panel++) {
      let from = gathered;
      if (p.inPlace) from = x + <usize>voxel * xPitch;
      else gather(p, x, gathered, panelPitch, voxel, count, panel / panelsPerRow, (panel % panelsPerRow) * p.tapsPerPanel);
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

/** Fills a panel: for each output voxel the channels of the input voxels that `tapsPerPanel` taps of the kernel's row meet. */
function gather(p: WeightGradient, x: usize, out: usize, pitch: usize, voxel: i32, count: i32, kernelRow: i32, firstTap: i32): void {
  const xPitch = <usize>(p.groups * p.inputChannels) << 2;
  const shiftZ = (kernelRow / p.kernelHeight) * p.dilationDepth - p.paddingDepth;
  const shiftY = (kernelRow % p.kernelHeight) * p.dilationHeight - p.paddingHeight;
  const shiftX = firstTap * p.dilationWidth - p.paddingWidth;
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
    for (let i = 0; i < here; i++) {
      let at = out;
      let sourceX = (ox + i) * p.strideWidth + shiftX;
      for (let tap = 0; tap < p.tapsPerPanel; tap++) {
        if (rowInside && <u32>sourceX < <u32>p.inputWidth) copyFloats(at, row + <usize>sourceX * xPitch, p.inputChannels);
        else zeroFloats(at, p.inputChannels);
        at += <usize>p.inputChannels << 2;
        sourceX += p.dilationWidth;
      }
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

@inline
function copyFloats(to: usize, from: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  for (; to + 16 <= end; to += 16) {
    v128.store(to, v128.load(from));
    from += 16;
  }
  for (; to < end; to += 4) {
    store<f32>(to, load<f32>(from));
    from += 4;
  }
}

@inline
function zeroFloats(to: usize, count: i32): void {
  const end = to + (<usize>count << 2);
  for (; to + 16 <= end; to += 16) v128.store(to, f32x4.splat(0));
  for (; to < end; to += 4) store<f32>(to, 0);
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
