// Forward pass and data gradient of a 3-D convolution as one implicit matrix product:
//   result[m, n] = Σ_k source[row m, tap and channel k] · weight[k, n] + bias[n]
// M runs over voxels of the result, N over its channels, K over taps × channels of the source. The source's matrix is never stored: it is
// gathered tile by tile. A row's voxels are contiguous in channels, so a gather is a bit test and wide reads.
//
// The data gradient of a strided convolution falls apart into stride³ classes of voxels (by remainder of their position): within a class the
// same few taps meet every voxel, so none is wasted. Workgroups with z = class do one each; a forward pass is a single class.
//
// From the preamble, besides what gemm/multiply.wgsl, gemm/parts.wgsl and conv3d/kept.wgsl want: `element`; DATA_GRADIENT; MAXIMUM_TAPS;
// WHOLE_SLICES (source channels are a multiple of TILE_K, so that a slice never spans two taps); CHECKED (a tap may lie outside of
// the source, or a slice go on past the last tap); SOURCE_UNIT and RESULT_UNIT (elements read at once: 4, or 1 where channels are no multiple
// of 4); PREFETCH (a slice is fetched while the one before it is multiplied); MOMENTS (of the forward pass: tiles lie within samples and leave what
// conv3d/tile-moments.wgsl says); and the functions that this chooses:
//   fn fetch_left(lane, row, at) = fetch_left_quad(…) | fetch_left_element(…)
//   fn fetch_right_slice(start) = fetch_right_rows(…) | fetch_right_columns(…) | fetch_right_scalars(…)
//   fn fetch_right(lane, column, at) = fetch_right_quad(…) | fetch_right_element(…)
//   fn load_right_row(at) = right_row_quad(…) | right_row_elements(…)
//   fn store_result(voxel, column, value) = store_quad(…) | store_elements(…)
//   fn finish_tile(thread, place) = store_sums(…), with MOMENTS also leave_moments(…) for each quad of columns

// #include "gemm/multiply.wgsl"
// #include "gemm/parts.wgsl"
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
  if (PREFETCH) {
    fetch_slice(0);
  }
  for (var start = 0u; start < depth; start += TILE_K) {
    if (!PREFETCH) {
      fetch_slice(start);
    }
    begin_slice();
    put_slice(thread);
    workgroupBarrier();
    advance_lanes();
    if (PREFETCH) {
      fetch_slice(start + TILE_K);
    }
    multiply_slice();
  }
  finish_tile(thread, place);
}
