// Batched matrix product out[b, m, n] = Σ_k left[b, m, k] · right[b, k, n], either operand also transposed, tile by tile in workgroup memory.
//
// From the preamble, besides what gemm/multiply.wgsl wants: `element`; and the choice between whole-quad and
// single-element memory access, made where the contiguous extents are known to be multiples of 4 or not. Four neighbours along an operand's
// contiguous axis, of which `count` exist:
//   fn load_left(index, count) = left_quad(…) | left_elements(…)
//   fn load_right(index, count) = right_quad(…) | right_elements(…)
//   fn store_result(index, count, value) = store_quad(…) | store_elements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"

struct Parameters {
  batch: u32,
  rows: u32,
  columns: u32,
  depth: u32,
  tiles_m: u32,
  tiles_n: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> left: array<element>;
@group(0) @binding(1) var<storage, read> left_quads: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> right: array<element>;
@group(0) @binding(2) var<storage, read> right_quads: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> out: array<element>;
@group(0) @binding(3) var<storage, read_write> out_quads: array<vec4<element>>;

fn left_quad(index: u32, count: u32) -> vec4<staged> {
  return select(vec4<staged>(), vec4<staged>(left_quads[select(0, index / 4, count > 0)]), count > 0);
}

fn left_elements(index: u32, count: u32) -> vec4<staged> {
  var value: vec4<staged>;
  for (var i = 0u; i < 4; i++) {
    value[i] = select(staged(), staged(left[select(0, index + i, i < count)]), i < count);
  }
  return value;
}

fn right_quad(index: u32, count: u32) -> vec4<staged> {
  return select(vec4<staged>(), vec4<staged>(right_quads[select(0, index / 4, count > 0)]), count > 0);
}

fn right_elements(index: u32, count: u32) -> vec4<staged> {
  var value: vec4<staged>;
  for (var i = 0u; i < 4; i++) {
    value[i] = select(staged(), staged(right[select(0, index + i, i < count)]), i < count);
  }
  return value;
}

fn store_quad(index: u32, count: u32, value: vec4f) {
  if (count > 0) {
    out_quads[index / 4] = vec4<element>(value);
  }
}

fn store_elements(index: u32, count: u32, value: vec4f) {
  for (var i = 0u; i < min(count, 4); i++) {
    out[index + i] = element(value[i]);
  }
}

// How many of the elements from `first` on exist where `size` are there, if the other index is inside at all.
fn count_of(first: u32, size: u32, inside: bool) -> u32 {
  return select(0, size - min(first, size), inside);
}

fn left_along_k(batch: u32, row: u32, k: u32) -> vec4<staged> {
  let index = (batch * parameters.rows + row) * parameters.depth + k;
  return load_left(index, count_of(k, parameters.depth, row < parameters.rows));
}

fn left_along_m(batch: u32, row: u32, k: u32) -> vec4<staged> {
  let index = (batch * parameters.depth + k) * parameters.rows + row;
  return load_left(index, count_of(row, parameters.rows, k < parameters.depth));
}

fn right_along_k(batch: u32, k: u32, column: u32) -> vec4<staged> {
  let index = (batch * parameters.columns + column) * parameters.depth + k;
  return load_right(index, count_of(k, parameters.depth, column < parameters.columns));
}

fn right_along_n(batch: u32, k: u32, column: u32) -> vec4<staged> {
  let index = (batch * parameters.depth + k) * parameters.columns + column;
  return load_right(index, count_of(column, parameters.columns, k < parameters.depth));
}

fn stage_left(batch: u32, row0: u32, start: u32, thread: u32) {
  var quads: array<vec4<staged>, LEFT_PUTS>;
  for (var i = 0u; i < LEFT_PUTS; i++) {
    if (LEFT_ALONG_K) {
      let row = row0 + i * LEFT_ROW_STEP + thread / TILE_QUADS_K;
      quads[i] = left_along_k(batch, row, start + 4 * (thread % TILE_QUADS_K));
    } else {
      let k = start + i * LEFT_ROW_STEP + thread / TILE_QUADS_M;
      quads[i] = left_along_m(batch, row0 + 4 * (thread % TILE_QUADS_M), k);
    }
  }
  put_left(quads);
}

fn stage_right(batch: u32, column0: u32, start: u32, thread: u32) {
  if (RIGHT_TRANSPOSED) {
    let k = start + 4 * (thread % TILE_QUADS_K);
    var columns: array<vec4<staged>, 4 * RIGHT_BLOCKS>;
    for (var i = 0u; i < 4 * RIGHT_BLOCKS; i++) {
      columns[i] = right_along_k(batch, k, column0 + 4 * ((i / 4 * THREADS + thread) / TILE_QUADS_K) + i % 4);
    }
    put_right_blocks(thread, columns);
  } else {
    let column = column0 + 4 * (thread % TILE_QUADS_N);
    var quads: array<vec4<staged>, RIGHT_PUTS>;
    for (var i = 0u; i < RIGHT_PUTS; i++) {
      quads[i] = right_along_n(batch, start + i * RIGHT_ROW_STEP + thread / TILE_QUADS_N, column);
    }
    put_right_rows(quads);
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_workgroup(group, groups);
  let tiles = parameters.tiles_m * parameters.tiles_n;
  let batch = index / tiles;
  if (batch >= parameters.batch) {
    return;
  }
  let row0 = ((index % tiles) / parameters.tiles_n) * TILE_M;
  let column0 = (index % parameters.tiles_n) * TILE_N;
  take_places(thread);
  for (var start = 0u; start < parameters.depth; start += TILE_K) {
    begin_slice();
    stage_left(batch, row0, start, thread);
    stage_right(batch, column0, start, thread);
    workgroupBarrier();
    multiply_tiles();
  }
  for (var i = 0u; i < RESULTS_M; i++) {
    let row = row0 + row_of(thread, i);
    for (var j = 0u; j < QUADS_N; j++) {
      let column = column0 + column_of(thread, j);
      let at = (batch * parameters.rows + row) * parameters.columns + column;
      store_result(at, count_of(column, parameters.columns, row < parameters.rows), sums[i * QUADS_N + j]);
    }
  }
}
