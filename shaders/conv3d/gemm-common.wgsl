// What conv3d/gemm and conv3d/gemm-matrices have in common: bindings, where a workgroup is, and how its results are stored. The file that includes this
// one has included a gemm/multiply….wgsl.

// #include "common/index.wgsl"
// #include "conv3d/kept.wgsl"
// #include "conv3d/tables.wgsl"
// #include "conv3d/staging.wgsl"
// #include "conv3d/product-parameters.wgsl"
// #include "conv3d/tile-moments.wgsl"

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

// Where a workgroup is.
struct Place {
  class_: vec3u,
  extent: vec3u, // of the class
  tile: u32, // of rows
  rows: u32, // where those of the class end, or with MOMENTS those of the sample
  row0: u32,
  column0: u32,
}

fn place_of(group: vec3u, groups: vec3u) -> Place {
  let tile = linear_workgroup(group, groups);
  let class_ = class_of(group.z);
  let extent = class_extent(class_);
  let samples = parameters.result_extent.x;
  let space = extent.x * extent.y * extent.z;
  let row_tile = tile / parameters.tiles_n;
  let column0 = (tile % parameters.tiles_n) * TILE_N;
  if (MOMENTS) {
    let tiles = (space + TILE_M - 1) / TILE_M;
    let sample = row_tile / tiles;
    let row0 = sample * space + (row_tile % tiles) * TILE_M;
    return Place(class_, extent, row_tile, min(sample + 1, samples) * space, row0, column0);
  }
  return Place(class_, extent, row_tile, samples * space, row_tile * TILE_M, column0);
}

// Makes ready for the first slice; returns how far the loop over K goes.
fn prepare(thread: u32, place: Place) -> u32 {
  if (thread < 3) {
    list_axis_taps(thread, place.class_);
  }
  let axes = workgroupUniformLoad(&axis_counts);
  let counts = vec3u(axes[0], axes[1], axes[2]);
  list_taps(thread, counts);
  let depth = counts.x * counts.y * counts.z * parameters.source_channels;
  take_places(thread);
  prepare_staging(thread, place.row0, place.rows, place.column0, depth, place.extent, counts);
  workgroupBarrier();
  return depth;
}

fn store_sums(thread: u32, place: Place) {
  for (var i = 0u; i < RESULTS_M; i++) {
    let row = place.row0 + row_of(thread, i);
    if (row < place.rows) {
      let voxel = result_voxel(row, place.class_, place.extent);
      for (var j = 0u; j < QUADS_N; j++) {
        let column = place.column0 + column_of(thread, j);
        store_result(voxel, column, sums[i * QUADS_N + j] + bias_at(column));
      }
    }
  }
}
