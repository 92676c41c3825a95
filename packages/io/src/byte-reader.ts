/** Takes counted bytes off a stream: headers first, then voxels straight into the array that keeps them. */

export class ByteReader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private chunk: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.iterator = stream[Symbol.asyncIterator]();
  }

  /** Fills `target` from the stream; returns how many bytes came, fewer only at the end. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length && (await this.more())) {
      const part = this.chunk.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.chunk = this.chunk.subarray(part.length);
    }
    return filled;
  }

  /** Passes over `count` bytes; returns how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count && (await this.more())) {
      const step = Math.min(this.chunk.length, count - skipped);
      skipped += step;
      this.chunk = this.chunk.subarray(step);
    }
    return skipped;
  }

  /** Reads on to the end of the stream, so that a checksum behind the data is checked. */
  async drain(): Promise<void> {
    while (await this.more()) this.chunk = this.chunk.subarray(this.chunk.length);
  }

  /** Lets go of the file, also where reading stopped early. */
  async close(): Promise<void> {
    await this.iterator.return?.();
  }

  private async more(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const next = await this.iterator.next();
      if (next.done) return false;
      this.chunk = next.value;
    }
    return true;
  }
}
