// conv3d/gemm by subgroup matrices (tensor cores, XMX), for adapters that list such of f16 with sums in f32. The same parameters and preamble, and besides
// what gemm/multiply-matrices.wgsl wants.

// #include "gemm/multiply-matrices.wgsl"
// #include "conv3d/gemm-common.wgsl"

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(group, groups);
  if (place.row0 >= place.rows) {
    return;
  }
  let depth = prepare(thread, place);
  var products: Products;
  fetch_slice(0);
  for (var start = 0u; start < depth; start += TILE_K) {
    begin_slice();
    put_slice(thread);
    workgroupBarrier();
    advance_lanes();
    fetch_slice(start + TILE_K);
    multiply_matrices(&products);
  }
  finish_sums(thread, &products);
  finish_tile(thread, place);
}
