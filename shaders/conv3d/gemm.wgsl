// Forward pass and data gradient of a 3-D convolution as one implicit matrix product:
//   result[m, n] = Σ_k source[row m, tap and channel k] · weight[k, n] + bias[n]
// M runs over voxels of the result, N over its channels, K over taps × channels of the source. The source's matrix is never stored: it is
// gathered tile by tile. A row's voxels are contiguous in channels, so a gather is a bit test and wide reads.
//
// The data gradient of a strided convolution falls apart into stride³ classes of voxels (by remainder of their position): within a class the
// same few taps meet every voxel, so none is wasted. Workgroups with z = class do one each; a forward pass is a single class.
//
// From the preamble, besides what gemm/multiply.wgsl and conv3d/kept.wgsl want: `element`; DATA_GRADIENT; MAXIMUM_TAPS;
// WHOLE_SLICES (source channels are a multiple of TILE_K, so that a slice never spans two taps); CHECKED (a tap may lie outside of
// the source, or a slice go on past the last tap); SOURCE_UNIT and RESULT_UNIT (elements read at once: 4, or 1 where channels are no multiple
// of 4); PREFETCH (a slice is fetched while the one before it is multiplied); and the functions that this chooses:
//   fn fetch_left(lane, row, at) = fetch_left_quad(…) | fetch_left_element(…)
//   fn fetch_right_slice(start) = fetch_right_rows(…) | fetch_right_columns(…) | fetch_right_scalars(…)
//   fn fetch_right(lane, column, at) = fetch_right_quad(…) | fetch_right_element(…)
//   fn load_right_row(at) = right_row_quad(…) | right_row_elements(…)
//   fn store_result(voxel, column, value) = store_quad(…) | store_elements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"
// #include "conv3d/kept.wgsl"
// #include "conv3d/tables.wgsl"
// #include "conv3d/staging.wgsl"

struct Parameters {
  result_extent: vec4u, // n, d, h, w
  source_extent: vec4u,
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  source_channels: u32,
  result_channels: u32,
  tiles_n: u32,
  has_bias: u32, // else any buffer is bound in its place
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<element>;
@group(0) @binding(1) var<storage, read> source_quads: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> weight: array<element>;
@group(0) @binding(2) var<storage, read> weight_quads: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> result: array<element>;
@group(0) @binding(3) var<storage, read_write> result_quads: array<vec4<element>>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

fn bias_at(column: u32) -> vec4f {
  if (parameters.has_bias == 0) {
    return vec4f();
  }
  let last = parameters.result_channels - 1;
  return vec4f(
    bias[min(column, last)], bias[min(column + 1, last)], bias[min(column + 2, last)], bias[min(column + 3, last)],
  );
}

fn store_quad(voxel: u32, column: u32, value: vec4f) {
  if (column < parameters.result_channels) {
    result_quads[(voxel * parameters.result_channels + column) / 4] = vec4<element>(value);
  }
}

fn store_elements(voxel: u32, column: u32, value: vec4f) {
  for (var i = 0u; i < 4; i++) {
    if (column + i < parameters.result_channels) {
      result[voxel * parameters.result_channels + column + i] = element(value[i]);
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let tile = linear_workgroup(group, groups);
  let class_ = class_of(group.z);
  let extent = class_extent(class_);
  let rows = parameters.result_extent.x * extent.x * extent.y * extent.z;
  let row0 = (tile / parameters.tiles_n) * TILE_M;
  let column0 = (tile % parameters.tiles_n) * TILE_N;
  if (row0 >= rows) {
    return;
  }
  if (thread < 3) {
    list_axis_taps(thread, class_);
  }
  let axes = workgroupUniformLoad(&axis_counts);
  let counts = vec3u(axes[0], axes[1], axes[2]);
  list_taps(thread, counts);
  let depth = counts.x * counts.y * counts.z * parameters.source_channels;
  take_places(thread);
  prepare_staging(thread, row0, rows, column0, depth, extent, counts);
  workgroupBarrier();

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

  for (var i = 0u; i < RESULTS_M; i++) {
    let row = row0 + row_of(thread, i);
    if (row < rows) {
      let voxel = result_voxel(row, class_, extent);
      for (var j = 0u; j < QUADS_N; j++) {
        let column = column0 + column_of(thread, j);
        store_result(voxel, column, sums[i * QUADS_N + j] + bias_at(column));
      }
    }
  }
}
