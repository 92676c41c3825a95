// What threads tell each other of their sums, after the last slice of gemm/multiply.wgsl and a barrier: in the left tile, or, where tiles are f16, in memory of
// its own (PARTS_ASIDE, from the preamble). The tile is named first, since Tint lays memory out in that order: an AMD GPU reads pairs of quads only near the
// beginning of workgroup memory.

const PARTS = select(1u, THREADS, PARTS_ASIDE);

var<workgroup> parts: array<vec4f, PARTS>;

fn put_part(thread: u32, part: vec4f) {
  if (!PARTS_ASIDE) {
    left_tile[min(thread, LEFT_SIZE - 1)] = vec4<staged>(part);
  } else {
    parts[min(thread, PARTS - 1)] = part;
  }
}

fn part_at(thread: u32) -> vec4f {
  if (!PARTS_ASIDE) {
    return vec4f(left_tile[min(thread, LEFT_SIZE - 1)]);
  }
  return parts[min(thread, PARTS - 1)];
}
