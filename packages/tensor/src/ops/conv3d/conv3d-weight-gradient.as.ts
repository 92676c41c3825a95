/**
 * The weight gradient for every geometry. For each tap and a run of output voxels, the input voxels that the tap meets are gathered
 * into a panel (zeros where they lie outside); panelᵀ · dy is then a plain product. Voxels are split into parts that sum on their own,
 * as many as the shapes say and never as threads say; the parts are added in order.
 */
import { outerProducts } from './conv3d-outer.as';
import { gather, Gathered, panelFloats } from './conv3d-panel.as';

@unmanaged
class WeightGradient extends Gathered {
  x: usize;
  dy: usize;
  /** `parts` gradients, `partFloats` apart. */
  out: usize;
  partFloats: i32;
  scratch: usize;
  scratchBytes: i32;
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
  const panelPitch = p.inPlace ? xPitch : <usize>panelFloats(p, p.tapsPerPanel) << 2;
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
