/** Takes counted bytes off a stream: headers first, then voxels straight into the array that keeps them. */

const newline = 10;

export class ByteReader {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private chunk: Uint8Array = new Uint8Array(0);
  private taken = 0;

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
      this.take(part.length);
    }
    return filled;
  }

  /**
   * A line of a text header without its end (LF or CR LF), bytes as Latin-1; undefined at the end of the stream, or where `limit` bytes
   * hold no end of a line: then this is no text.
   */
  async line(limit = 65536): Promise<string | undefined> {
    let text = '';
    while (text.length < limit && (await this.more())) {
      const end = this.chunk.indexOf(newline);
      const part = this.chunk.subarray(0, Math.min(limit, end < 0 ? this.chunk.length : end));
      for (const byte of part) text += String.fromCharCode(byte);
      this.take(part.length);
      if (end !== part.length) continue;
      this.take(1);
      return text.endsWith('\r') ? text.slice(0, -1) : text;
    }
    return undefined;
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.taken;
  }

  /** Passes over `count` bytes; returns how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count && (await this.more())) {
      const step = Math.min(this.chunk.length, count - skipped);
      skipped += step;
      this.take(step);
    }
    return skipped;
  }

  /** Reads on to the end of the stream, so that a checksum behind the data is checked. */
  async drain(): Promise<void> {
    while (await this.more()) this.take(this.chunk.length);
  }

  /** Lets go of the file, also where reading stopped early. */
  async close(): Promise<void> {
    await this.iterator.return?.();
  }

  private take(count: number): void {
    this.chunk = this.chunk.subarray(count);
    this.taken += count;
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
