/**
 * The data gradient of a convolution of few input channels: a product gives what each voxel of dy sends to all taps, and rows of dx collect it. The
 * general kernel would fill one of its eight channels.
 */
import { Gathered } from './conv3d-panel.as';
import { multiply4x8 } from './conv3d-product.as';

@unmanaged
class FewChannelsGradient extends Gathered {
  dy: usize;
  /** `[block of eight, dy's channels, 8]` of taps × x's channels: see conv3d-pack.as.ts. */
  weights: usize;
  /** `[inputChannels]` that every voxel of dx begins with, or 0. */
  bias: usize;
  dx: usize;
  scratch: usize;
  scratchBytes: i32;
  /** Planes of dx of one item, and items of one image. */
  planesPerItem: i32;
  planeItems: i32;
  /** Voxels of dy that are multiplied at a time: a multiple of 4. */
  voxelsPerPanel: i32;
}

/** One item: some planes of dx, from all planes of dy that reach them. */
export function conv3dFewChannelsGradient(p: FewChannelsGradient, item: i32, thread: i32): void {
  const image = item / p.planeItems;
  const first = (item % p.planeItems) * p.planesPerItem;
  const end = min(first + p.planesPerItem, p.inputDepth);
  for (let z = first; z < end; z++)
    for (let y = 0; y < p.inputHeight; y++) beginRow(p, rowOf(p, image, z, y));
  const last = p.scratch + <usize>thread * <usize>p.scratchBytes;
  const sums = last + (<usize>(4 * p.outputChannels) << 2);
  for (let oz = 0; oz < p.outputDepth; oz++) {
    const z = oz * p.strideDepth - p.paddingDepth;
    if (z >= end || z + (p.kernelDepth - 1) * p.dilationDepth < first) continue;
    for (let oy = 0; oy < p.outputHeight; oy++) {
      const y = oy * p.strideHeight - p.paddingHeight;
      const row = ((image * p.outputDepth + oz) * p.outputHeight + oy) * p.outputWidth;
      for (let ox = 0; ox < p.outputWidth; ox += p.voxelsPerPanel) {
        const count = min(p.voxelsPerPanel, p.outputWidth - ox);
        multiplyRow(p, p.dy + (<usize>(row + ox) * <usize>p.outputChannels << 2), count, sums, last);
        for (let d = 0; d < p.kernelDepth; d++) {
          const toZ = z + d * p.dilationDepth;
          if (toZ < first || toZ >= end) continue;
          for (let h = 0; h < p.kernelHeight; h++) {
            const toY = y + h * p.dilationHeight;
            if (<u32>toY >= <u32>p.inputHeight) continue;
            const tap = (d * p.kernelHeight + h) * p.kernelWidth;
            addRow(p, sums + (<usize>(tap * p.inputChannels) << 2), ox, count, rowOf(p, image, toZ, toY));
          }
        }
      }
    }
  }
}

@inline
function rowOf(p: FewChannelsGradient, image: i32, z: i32, y: i32): usize {
  return p.dx + (<usize>(((image * p.inputDepth + z) * p.inputHeight + y) * p.inputWidth) * <usize>p.inputChannels << 2);
}

function beginRow(p: FewChannelsGradient, row: usize): void {
  for (let x = 0; x < p.inputWidth; x++)
    for (let channel = 0; channel < p.inputChannels; channel++) {
      store<f32>(row, p.bias == 0 ? 0 : load<f32>(p.bias + (<usize>channel << 2)));
      row += 4;
    }
}

/** Taps × x's channels in whole blocks of eight. */
@inline
function columnsOf(p: FewChannelsGradient): i32 {
  return (p.kernelDepth * p.kernelHeight * p.kernelWidth * p.inputChannels + 7) & ~7;
}

/** `to[voxel, column]` of `count` voxels of dy; the last voxels that are no four are copied to `last`, so that nothing past them is read. */
function multiplyRow(p: FewChannelsGradient, from: usize, count: i32, to: usize, last: usize): void {
  const pixel = <usize>p.outputChannels << 2;
  const columns = columnsOf(p);
  const pitch = <usize>columns << 2;
  const whole = count & ~3;
  if (whole < count) memory.copy(last, from + <usize>whole * pixel, <usize>(count - whole) * pixel);
  for (let column = 0; column < columns; column += 8) {
    const weights = p.weights + <usize>column * pixel;
    for (let i = 0; i < count; i += 4) {
      const source = i < whole ? from + <usize>i * pixel : last;
      multiply4x8(source, pixel, p.outputChannels, weights, to + <usize>i * pitch + (<usize>column << 2), pitch, false);
    }
  }
}

/** Adds what voxels `ox` and after send along a kernel's row to a row of dx. */
function addRow(p: FewChannelsGradient, from: usize, ox: i32, count: i32, row: usize): void {
  const pitch = <usize>columnsOf(p) << 2;
  const step = <usize>(p.strideWidth * p.inputChannels) << 2;
  for (let tap = 0; tap < p.kernelWidth; tap++) {
    const start = ox * p.strideWidth - p.paddingWidth + tap * p.dilationWidth;
    const skipped = start < 0 ? (p.strideWidth - 1 - start) / p.strideWidth : 0;
    const end = min(count, (p.inputWidth - 1 - start + p.strideWidth) / p.strideWidth);
    for (let channel = 0; channel < p.inputChannels; channel++) {
      let at = from + (<usize>(tap * p.inputChannels + channel) << 2) + <usize>skipped * pitch;
      let to = row + (<usize>((start + skipped * p.strideWidth) * p.inputChannels + channel) << 2);
      for (let i = skipped; i < end; i++) {
        store<f32>(to, load<f32>(to) + load<f32>(at));
        at += pitch;
        to += step;
      }
    }
  }
}
