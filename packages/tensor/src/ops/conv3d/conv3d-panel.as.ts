/**
 * Panels: the input voxels that taps of a convolution meet, gathered for a run of output voxels, so that what is left is a plain product. For weight
 * gradients, and for convolutions of few channels.
 */

import { Window } from './conv3d-window.as';

/** A convolution as panels are told of it, before their own words. */
@unmanaged
export class Gathered extends Window {
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
}

/** Floats of a voxel of a panel with so many taps: whole quads are copied, also at the last tap. */
@inline
export function panelFloats(p: Gathered, taps: i32): i32 {
  return ((taps - 1) * p.inputChannels + ((p.inputChannels + 3) & ~3) + 3) & ~3;
}

/**
 * Fills a tap's part of a panel: for each output voxel the channels of the input voxel that the tap meets. Quads are copied whole; what is too much is
 * overwritten by the next tap, so taps are gathered in order.
 */
export function gather(p: Gathered, x: usize, out: usize, pitch: usize, voxel: i32, count: i32, tap: i32): void {
  const xPitch = <usize>p.inputPitch << 2;
  const kernelRow = tap / p.kernelWidth;
  const shiftZ = (kernelRow / p.kernelHeight) * p.dilationDepth - p.paddingDepth;
  const shiftY = (kernelRow % p.kernelHeight) * p.dilationHeight - p.paddingHeight;
  const shiftX = (tap % p.kernelWidth) * p.dilationWidth - p.paddingWidth;
  const bytes = <usize>((p.inputChannels + 3) & ~3) << 2;
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
      if (rowInside && <u32>sourceX < <u32>p.inputWidth) {
        const from = row + <usize>sourceX * xPitch;
        v128.store(out, v128.load(from));
        for (let at: usize = 16; at < bytes; at += 16) v128.store(out + at, v128.load(from + at));
      } else for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, f32x4.splat(0));
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
