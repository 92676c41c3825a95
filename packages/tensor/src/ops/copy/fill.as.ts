/** Sets memory to a repeated pattern of four bytes. */
import { chunkEnd, storeBytes } from '../../device/cpu/simd.as';

@unmanaged
class Fill {
  out: usize;
  bytes: i32;
  chunk: i32;
  pattern: i32;
}

export function fill(q: Fill, item: i32, thread: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.bytes) - start;
  let out = q.out + <usize>start;
  const pattern = i32x4.splat(q.pattern);
  for (; count >= 16; count -= 16) {
    v128.store(out, pattern);
    out += 16;
  }
  if (count > 0) storeBytes(out, pattern, count);
}
