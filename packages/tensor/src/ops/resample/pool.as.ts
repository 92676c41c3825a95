/**
 * Pooling, four channels at a time. What a voxel writes past its channels, the next voxels of the row overwrite. In the gradient of max pooling each
 * item owns rows of dx and looks at all windows that touch them, so that nothing is written twice at a time.
 */
import { storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class Pool {
  x: usize;
  /** The pooled values, or dy. */
  out: usize;
  /** For gradients. */
  dx: usize;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
  outDepth: i32;
  outHeight: i32;
  outWidth: i32;
  kernelDepth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideDepth: i32;
  strideHeight: i32;
  strideWidth: i32;
  paddingDepth: i32;
  paddingHeight: i32;
  paddingWidth: i32;
  /** Average: divide by the whole window. */
  countPadding: i32;
  /** Rows of the result; for the gradient of max pooling of one sample of dx. */
  rows: i32;
  rowsPerItem: i32;
  itemsPerSample: i32;
}

/** First index of window `o`, with what hangs over the edge cut off, and the end. */
@inline
function windowStart(o: i32, stride: i32, padding: i32): i32 {
  return max(0, o * stride - padding);
}

@inline
function windowEnd(o: i32, stride: i32, padding: i32, kernel: i32, extent: i32): i32 {
  return min(extent, o * stride - padding + kernel);
}

/** The first window that index i lies in, and the end of those windows. */
@inline
function firstWindow(i: i32, stride: i32, padding: i32, kernel: i32): i32 {
  const before = i + padding - kernel + 1;
  return before <= 0 ? 0 : (before + stride - 1) / stride;
}

@inline
function windowsEnd(i: i32, stride: i32, padding: i32, windows: i32): i32 {
  return min(windows, (i + padding) / stride + 1);
}

/** Stores the channels from c on of a voxel, `voxels` before the end of its row. */
@inline
function storeChannels(to: usize, value: v128, voxels: i32, channels: i32, c: i32): void {
  if (voxels * channels - c < 4) storeLanes32(to, value, channels - c);
  else v128.store(to, value);
}

@unmanaged
class Largest {
  @inline start(): v128 { return f32x4.splat(-Infinity); }
  @inline add(sum: v128, x: v128): v128 { return f32x4.max(sum, x); }
  @inline finish(sum: v128, count: i32): v128 { return sum; }
}

@unmanaged
class Average {
  @inline start(): v128 { return f32x4.splat(0); }
  @inline add(sum: v128, x: v128): v128 { return f32x4.add(sum, x); }
  @inline finish(sum: v128, count: i32): v128 { return f32x4.div(sum, f32x4.splat(<f32>count)); }
}

@inline
function pool<F>(q: Pool, item: i32): void {
  const f = changetype<F>(0);
  const channels = q.channels;
  const voxel = <usize>channels << 2;
  const row = <usize>q.width * voxel;
  const plane = <usize>q.height * row;
  const whole = q.kernelDepth * q.kernelHeight * q.kernelWidth;
  const end = min(q.rows, (item + 1) * q.rowsPerItem);
  for (let index = item * q.rowsPerItem; index < end; index++) {
    const outPlane = index / q.outHeight;
    const sample = outPlane / q.outDepth;
    const oz = outPlane - sample * q.outDepth;
    const oy = index - outPlane * q.outHeight;
    const z0 = windowStart(oz, q.strideDepth, q.paddingDepth);
    const z1 = windowEnd(oz, q.strideDepth, q.paddingDepth, q.kernelDepth, q.depth);
    const y0 = windowStart(oy, q.strideHeight, q.paddingHeight);
    const y1 = windowEnd(oy, q.strideHeight, q.paddingHeight, q.kernelHeight, q.height);
    const x = q.x + <usize>sample * <usize>q.depth * plane;
    let to = q.out + <usize>index * <usize>q.outWidth * voxel;
    for (let ox = 0; ox < q.outWidth; ox++) {
      const x0 = windowStart(ox, q.strideWidth, q.paddingWidth);
      const x1 = windowEnd(ox, q.strideWidth, q.paddingWidth, q.kernelWidth, q.width);
      const count = q.countPadding ? whole : (z1 - z0) * (y1 - y0) * (x1 - x0);
      for (let c = 0; c < channels; c += 4) {
        let sum = f.start();
        for (let z = z0; z < z1; z++) {
          for (let y = y0; y < y1; y++) {
            let from = x + <usize>z * plane + <usize>y * row + <usize>x0 * voxel + (<usize>c << 2);
            for (let i = x0; i < x1; i++) {
              sum = f.add(sum, v128.load(from));
              from += voxel;
            }
          }
        }
        storeChannels(to + (<usize>c << 2), f.finish(sum, count), q.outWidth - ox, channels, c);
      }
      to += voxel;
    }
  }
}

export function poolMax(q: Pool, item: i32, thread: i32): void { pool<Largest>(q, item); }
export function poolAverage(q: Pool, item: i32, thread: i32): void { pool<Average>(q, item); }

/** How many voxels window `o` has along one axis. */
@inline
function windowSize(o: i32, stride: i32, padding: i32, kernel: i32, extent: i32, countPadding: i32): i32 {
  return countPadding ? kernel : windowEnd(o, stride, padding, kernel, extent) - windowStart(o, stride, padding);
}

/** Every voxel gathers from the windows that it lies in. */
export function poolAverageGradient(q: Pool, item: i32, thread: i32): void {
  const channels = q.channels;
  const voxel = <usize>channels << 2;
  const end = min(q.rows, (item + 1) * q.rowsPerItem);
  for (let index = item * q.rowsPerItem; index < end; index++) {
    const plane = index / q.height;
    const sample = plane / q.depth;
    const z = plane - sample * q.depth;
    const y = index - plane * q.height;
    const oz0 = firstWindow(z, q.strideDepth, q.paddingDepth, q.kernelDepth);
    const oz1 = windowsEnd(z, q.strideDepth, q.paddingDepth, q.outDepth);
    const oy0 = firstWindow(y, q.strideHeight, q.paddingHeight, q.kernelHeight);
    const oy1 = windowsEnd(y, q.strideHeight, q.paddingHeight, q.outHeight);
    let to = q.dx + <usize>index * <usize>q.width * voxel;
    for (let x = 0; x < q.width; x++) {
      const ox0 = firstWindow(x, q.strideWidth, q.paddingWidth, q.kernelWidth);
      const ox1 = windowsEnd(x, q.strideWidth, q.paddingWidth, q.outWidth);
      for (let c = 0; c < channels; c += 4) {
        let sum = f32x4.splat(0);
        for (let oz = oz0; oz < oz1; oz++) {
          const sizeZ = windowSize(oz, q.strideDepth, q.paddingDepth, q.kernelDepth, q.depth, q.countPadding);
          for (let oy = oy0; oy < oy1; oy++) {
            const sizeZY = sizeZ * windowSize(oy, q.strideHeight, q.paddingHeight, q.kernelHeight, q.height, q.countPadding);
            const outRow = (sample * q.outDepth + oz) * q.outHeight + oy;
            for (let ox = ox0; ox < ox1; ox++) {
              const size = sizeZY * windowSize(ox, q.strideWidth, q.paddingWidth, q.kernelWidth, q.width, q.countPadding);
              const from = q.out + <usize>(outRow * q.outWidth + ox) * voxel + (<usize>c << 2);
              sum = f32x4.add(sum, f32x4.div(v128.load(from), f32x4.splat(<f32>size)));
            }
          }
        }
        storeChannels(to + (<usize>c << 2), sum, q.width - x, channels, c);
      }
      to += voxel;
    }
  }
}

/** Adds lane `lane` of the gradient to the voxel that was largest, if its index is among those from `first` to `end`. */
@inline
function addLane(dx: usize, index: i32, gradient: f32, first: i32, end: i32, voxel: usize): void {
  if (index < first || index >= end) return;
  const to = dx + <usize>index * voxel;
  store<f32>(to, load<f32>(to) + gradient);
}

/** The gradient goes to the first of equal voxels; a NaN counts as the largest (the last of them), as in PyTorch. */
export function poolMaxGradient(q: Pool, item: i32, thread: i32): void {
  const channels = q.channels;
  const voxel = <usize>channels << 2;
  const height = q.height;
  const width = q.width;
  const sample = item / q.itemsPerSample;
  const firstRow = (item - sample * q.itemsPerSample) * q.rowsPerItem;
  const endRow = min(q.rows, firstRow + q.rowsPerItem);
  const first = firstRow * width;
  const end = endRow * width;
  const x = q.x + <usize>(sample * q.rows * width) * voxel;
  const dx = q.dx + <usize>(sample * q.rows * width) * voxel;
  memory.fill(dx + <usize>first * voxel, 0, <usize>(end - first) * voxel);
  const lowPlane = firstRow / height;
  const highPlane = (endRow - 1) / height;
  const onePlane = lowPlane == highPlane;
  const lowRow = onePlane ? firstRow - lowPlane * height : 0;
  const highRow = onePlane ? endRow - 1 - lowPlane * height : height - 1;
  const oz1 = windowsEnd(highPlane, q.strideDepth, q.paddingDepth, q.outDepth);
  const oy0 = firstWindow(lowRow, q.strideHeight, q.paddingHeight, q.kernelHeight);
  const oy1 = windowsEnd(highRow, q.strideHeight, q.paddingHeight, q.outHeight);
  for (let oz = firstWindow(lowPlane, q.strideDepth, q.paddingDepth, q.kernelDepth); oz < oz1; oz++) {
    const z0 = windowStart(oz, q.strideDepth, q.paddingDepth);
    const z1 = windowEnd(oz, q.strideDepth, q.paddingDepth, q.kernelDepth, q.depth);
    for (let oy = oy0; oy < oy1; oy++) {
      const y0 = windowStart(oy, q.strideHeight, q.paddingHeight);
      const y1 = windowEnd(oy, q.strideHeight, q.paddingHeight, q.kernelHeight, height);
      let dy = q.out + <usize>(((sample * q.outDepth + oz) * q.outHeight + oy) * q.outWidth) * voxel;
      for (let ox = 0; ox < q.outWidth; ox++) {
        const x0 = windowStart(ox, q.strideWidth, q.paddingWidth);
        const x1 = windowEnd(ox, q.strideWidth, q.paddingWidth, q.kernelWidth, width);
        for (let c = 0; c < channels; c += 4) {
          const offset = <usize>c << 2;
          let best = f32x4.splat(-Infinity);
          let where = i32x4.splat((z0 * height + y0) * width + x0);
          for (let z = z0; z < z1; z++) {
            for (let y = y0; y < y1; y++) {
              let index = (z * height + y) * width + x0;
              const stop = index + x1 - x0;
              for (; index < stop; index++) {
                const value = v128.load(x + <usize>index * voxel + offset);
                const larger = v128.or(f32x4.gt(value, best), f32x4.ne(value, value));
                best = v128.bitselect(value, best, larger);
                where = v128.bitselect(i32x4.splat(index), where, larger);
              }
            }
          }
          const from = dy + offset;
          const to = dx + offset;
          const left = channels - c;
          addLane(to, i32x4.extract_lane(where, 0), load<f32>(from), first, end, voxel);
          if (left > 1) addLane(to + 4, i32x4.extract_lane(where, 1), load<f32>(from, 4), first, end, voxel);
          if (left > 2) addLane(to + 8, i32x4.extract_lane(where, 2), load<f32>(from, 8), first, end, voxel);
          if (left > 3) addLane(to + 12, i32x4.extract_lane(where, 3), load<f32>(from, 12), first, end, voxel);
        }
        dy += voxel;
      }
    }
  }
}
