/** target += scale · x: how gradients that arrive twice are summed. */
import { chunkEnd, madd, storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class Accumulate {
  x: usize;
  target: usize;
  size: i32;
  chunk: i32;
  scale: f32;
}

export function accumulate(q: Accumulate, item: i32, thread: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let from = q.x + (<usize>start << 2);
  let to = q.target + (<usize>start << 2);
  const scale = f32x4.splat(q.scale);
  for (; count >= 4; count -= 4) {
    v128.store(to, madd(v128.load(from), scale, v128.load(to)));
    from += 16;
    to += 16;
  }
  if (count > 0) storeLanes32(to, madd(v128.load(from), scale, v128.load(to)), count);
}
