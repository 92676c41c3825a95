/** Bytes that are written one after the other, in memory that grows. */

const utf8 = new TextEncoder();

export class ByteBuilder {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  uint8(value: number): void {
    this.#view.setUint8(this.#grow(1), value);
  }

  uint16(value: number): void {
    this.#view.setUint16(this.#grow(2), value, true);
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#grow(4), value, true);
  }

  int32(value: number): void {
    this.#view.setInt32(this.#grow(4), value, true);
  }

  uint64(value: number | bigint): void {
    this.#view.setBigUint64(this.#grow(8), BigInt(value), true);
  }

  /** Big-endian, as pickles have floats. */
  float64BigEndian(value: number): void {
    this.#view.setFloat64(this.#grow(8), value, false);
  }

  bytes(values: ArrayLike<number>): void {
    const at = this.#grow(values.length);
    this.#bytes.set(values, at);
  }

  /** Characters below 128, one byte each. */
  ascii(text: string): void {
    this.bytes(utf8.encode(text));
  }

  get length(): number {
    return this.#length;
  }

  /** A view on what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
