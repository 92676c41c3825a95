/** Staging buffers that the host can map, kept for reuse by size, so that reading the loss every step allocates nothing. */
import { type Block, type BufferPool, GPU_COPY_DST, GPU_MAP_READ, sizeClass } from './buffer-pool.ts';

/** Larger ones are destroyed after use: reading a whole volume is rare. */
const LARGEST_KEPT_BYTES = 16 * 2 ** 20;
const MAXIMUM_KEPT = 16;
const MAP_MODE_READ = 0x1;

export class ReadBack {
  private readonly pool: BufferPool;
  private readonly kept: Block[] = [];

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  take(bytes: number): Block {
    const size = sizeClass(bytes);
    const index = this.kept.findIndex((block) => block.bytes === size);
    return index >= 0 ? this.kept.splice(index, 1)[0]! : this.pool.create(size, GPU_MAP_READ | GPU_COPY_DST);
  }

  /** The first `bytes` bytes once what was submitted so far has run. The block goes back to the ring, or away after an error. */
  async fetch(block: Block, bytes: number): Promise<ArrayBuffer> {
    if (block.error !== undefined) throw block.error;
    try {
      await block.gpu.mapAsync(MAP_MODE_READ, 0, bytes);
      const copy = block.gpu.getMappedRange(0, bytes).slice(0);
      block.gpu.unmap();
      if (block.bytes <= LARGEST_KEPT_BYTES && this.kept.length < MAXIMUM_KEPT) this.kept.push(block);
      else block.gpu.destroy();
      return copy;
    } catch (error) {
      block.gpu.destroy();
      throw error;
    }
  }
}
