/** Staging buffers that the host can map, kept for reuse by size, so that reading the loss every step allocates nothing. */
import { GPU_COPY_DST, GPU_MAP_READ, sizeClass } from './buffer-pool.ts';

/** Larger ones are destroyed after use: reading a whole volume is rare. */
const LARGEST_KEPT_BYTES = 16 * 2 ** 20;
const MAXIMUM_KEPT = 16;
const MAP_MODE_READ = 0x1;

export class ReadBack {
  private readonly device: GPUDevice;
  private readonly kept: GPUBuffer[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  take(bytes: number): GPUBuffer {
    const size = sizeClass(bytes);
    const index = this.kept.findIndex((buffer) => buffer.size === size);
    if (index >= 0) return this.kept.splice(index, 1)[0]!;
    return this.device.createBuffer({ label: `read back ${size}`, size, usage: GPU_MAP_READ | GPU_COPY_DST });
  }

  /** The first `bytes` bytes once what was submitted so far has run. The staging buffer goes back to the ring, or away after an error. */
  async fetch(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(MAP_MODE_READ, 0, bytes);
      const copy = staging.getMappedRange(0, bytes).slice(0);
      staging.unmap();
      if (staging.size <= LARGEST_KEPT_BYTES && this.kept.length < MAXIMUM_KEPT) this.kept.push(staging);
      else staging.destroy();
      return copy;
    } catch (error) {
      staging.destroy();
      throw error;
    }
  }
}
