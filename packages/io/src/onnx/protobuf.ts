/** The few wire types of Protocol Buffers that ONNX files need (protobuf.dev/programming-guides/encoding). */
import { ByteBuilder } from '../byte-builder.ts';

const varintType = 0;
const bytesType = 2;
const fixed32Type = 5;

export class ProtobufMessage {
  readonly #out = new ByteBuilder();

  /** A whole number ≥ 0. */
  integer(field: number, value: number): this {
    this.#varint(field * 8 + varintType);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + fixed32Type);
    this.#out.bytes(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value.finish());
  }

  bytes(field: number, value: Uint8Array): this {
    this.begin(field, value.length);
    this.#out.bytes(value);
    return this;
  }

  /** What comes before `length` bytes that are written elsewhere. */
  begin(field: number, length: number): this {
    this.#varint(field * 8 + bytesType);
    this.#varint(length);
    return this;
  }

  /** Bytes that are part of a message already. */
  raw(value: Uint8Array): this {
    this.#out.bytes(value);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#out.finish();
  }

  get length(): number {
    return this.#out.length;
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#out.uint8((rest % 128) + 128);
    this.#out.uint8(rest);
  }
}
