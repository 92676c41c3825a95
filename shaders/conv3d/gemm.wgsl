// Forward pass and data gradient of a 3-D convolution as one implicit matrix product:
//   result[m, n] = Σ_k source[row m, tap and channel k] · weight[k, n] + bias[n]
// M runs over voxels of the result, N over its channels, K over taps × channels of the source. The source's matrix is never stored: it is
// gathered tile by tile. A row's voxels are contiguous in channels, so a gather is a bit test and wide reads.
//
// The data gradient of a strided convolution falls apart into stride³ classes of voxels (by remainder of their position): within a class the
// same few taps meet every voxel, so none is wasted. Workgroups with z = class do one each; a forward pass is a single class.
//
// From the preamble, besides what gemm/multiply.wgsl wants: `element`; DATA_GRADIENT; MAXIMUM_TAPS; WHOLE_SLICES (source channels are a multiple
// of TILE_K, so that a slice never spans two taps); SOURCE_UNIT (elements read at once: 4, or 1 where channels are no multiple of 4); and the
// functions that this chooses:
//   fn gather_left(offsets, masks, slice, quad_k) = gather_quads(…) | gather_elements(…)
//   fn stage_right(slice, column0, depth, thread) = stage_right_rows(…) | stage_right_columns(…)
//   fn load_right_row(at) = right_row_quad(…) | right_row_elements(…)
//   fn load_right_columns(slice, quad_k, column) = right_column_quads(…) | right_column_elements(…)
//   fn store_result(voxel, column, value) = store_quad(…) | store_elements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"

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

// Taps that one axis can have: the bits of a row's mask are split between three axes.
const AXIS_TAPS = 10u;
const NO_ROW = 0xffffffffu;

struct Tap {
  offset: i32, // from a row's origin in the source, in units of SOURCE_UNIT elements
  bits: u32, // what a row's mask must have set for this tap to lie inside
  index: u32, // of the tap in the weight
}

// TILE_K elements of the rows: where they start, the tap they start in, and the channel of it.
struct Slice {
  start: u32,
  tap: u32,
  channel: u32,
}

struct Row {
  voxel: vec3u, // in the result
  origin: vec3i, // in the source
  batch: u32,
}

// Per axis: (index of the tap, displacement in source voxels).
var<workgroup> axis_taps: array<array<vec2i, AXIS_TAPS>, 3>;
var<workgroup> axis_counts: array<u32, 3>;
var<workgroup> taps: array<Tap, MAXIMUM_TAPS + 1>;
var<workgroup> row_offsets: array<vec4i, TILE_QUADS_M>;
var<workgroup> row_masks: array<vec4u, TILE_QUADS_M>;
var<workgroup> row_voxels: array<u32, TILE_M>;

fn class_of(index: u32) -> vec3u {
  let stride = parameters.stride;
  return vec3u(index / (stride.y * stride.z), (index / stride.z) % stride.y, index % stride.z);
}

// How many voxels of the result each axis of a class has.
fn class_extent(class_: vec3u) -> vec3u {
  let extent = parameters.result_extent.yzw;
  if (!DATA_GRADIENT) {
    return extent;
  }
  let stride = parameters.stride.xyz;
  return (max(extent, class_) - class_ + stride - 1) / stride;
}

fn list_axis_taps(axis: u32, class_: vec3u) {
  var count = 0u;
  for (var tap = 0u; tap < min(AXIS_TAPS, parameters.kernel[axis]); tap++) {
    let reach = i32(tap * parameters.dilation[axis]);
    if (DATA_GRADIENT) {
      let stride = i32(parameters.stride[axis]);
      let distance = i32(class_[axis] + parameters.padding[axis]) - reach;
      if (distance % stride == 0) {
        axis_taps[axis][count] = vec2i(i32(tap), distance / stride);
        count++;
      }
    } else {
      axis_taps[axis][count] = vec2i(i32(tap), reach);
      count++;
    }
  }
  axis_counts[axis] = count;
}

fn list_taps(thread: u32, counts: vec3u) {
  let total = counts.x * counts.y * counts.z;
  let extent = vec3i(parameters.source_extent.yzw);
  let units = i32(parameters.source_channels / SOURCE_UNIT);
  for (var t = thread; t <= MAXIMUM_TAPS; t += THREADS) {
    // No mask has bit 31, so what lies past the last tap counts as outside.
    var tap = Tap(0, 1u << 31, 0);
    if (t < total) {
      let at = vec3u(t / (counts.y * counts.z), (t / counts.z) % counts.y, t % counts.z);
      let d = axis_taps[0][at.x];
      let h = axis_taps[1][at.y];
      let w = axis_taps[2][at.z];
      let index = (u32(d.x) * parameters.kernel.y + u32(h.x)) * parameters.kernel.z + u32(w.x);
      let bits = (1u << at.x) | (1u << (AXIS_TAPS + at.y)) | (1u << (2 * AXIS_TAPS + at.z));
      tap = Tap(((d.y * extent.y + h.y) * extent.z + w.y) * units, bits, index);
    }
    taps[t] = tap;
  }
}

fn row_at(m: u32, class_: vec3u, extent: vec3u) -> Row {
  let w = m % extent.z;
  let h = (m / extent.z) % extent.y;
  let d = (m / (extent.z * extent.y)) % extent.x;
  let at = vec3u(d, h, w);
  let stride = parameters.stride.xyz;
  let batch = m / (extent.z * extent.y * extent.x);
  if (DATA_GRADIENT) {
    return Row(class_ + at * stride, vec3i(at), batch);
  }
  return Row(at, vec3i(at * stride) - vec3i(parameters.padding.xyz), batch);
}

fn mask_of(origin: vec3i, counts: vec3u) -> u32 {
  var mask = 0u;
  for (var axis = 0u; axis < 3; axis++) {
    for (var t = 0u; t < counts[axis]; t++) {
      let position = origin[axis] + axis_taps[axis][t].y;
      let inside = position >= 0 && position < i32(parameters.source_extent[axis + 1]);
      mask |= select(0u, 1u, inside) << (axis * AXIS_TAPS + t);
    }
  }
  return mask;
}

fn list_rows(thread: u32, first: u32, rows: u32, class_: vec3u, extent: vec3u, counts: vec3u) {
  let size = parameters.source_extent;
  let result_size = parameters.result_extent;
  let units = i32(parameters.source_channels / SOURCE_UNIT);
  for (var quad = thread; quad < TILE_QUADS_M; quad += THREADS) {
    var offsets = vec4i(0);
    var masks = vec4u(0);
    for (var i = 0u; i < 4; i++) {
      let m = first + 4 * quad + i;
      var voxel = NO_ROW;
      if (m < rows) {
        let row = row_at(m, class_, extent);
        let o = row.origin;
        offsets[i] = (((i32(row.batch * size.y) + o.x) * i32(size.z) + o.y) * i32(size.w) + o.z) * units;
        masks[i] = mask_of(o, counts);
        voxel = ((row.batch * result_size.y + row.voxel.x) * result_size.z + row.voxel.y) * result_size.w + row.voxel.z;
      }
      row_voxels[4 * quad + i] = voxel;
    }
    row_offsets[quad] = offsets;
    row_masks[quad] = masks;
  }
}

// Four rows, four elements of each, which belong to one tap since source channels are a multiple of 4.
fn gather_quads(offsets: vec4i, masks: vec4u, slice: Slice, quad_k: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quad_k;
  if (!WHOLE_SLICES) {
    index += channel / parameters.source_channels;
    channel %= parameters.source_channels;
  }
  let tap = taps[min(index, MAXIMUM_TAPS)];
  let inside = (masks & vec4u(tap.bits)) == vec4u(tap.bits);
  let at = select(vec4i(0), offsets + (tap.offset + i32(channel / 4)), inside);
  return array<vec4<staged>, 4>(
    select(vec4<staged>(), vec4<staged>(source_quads[at.x]), inside.x),
    select(vec4<staged>(), vec4<staged>(source_quads[at.y]), inside.y),
    select(vec4<staged>(), vec4<staged>(source_quads[at.z]), inside.z),
    select(vec4<staged>(), vec4<staged>(source_quads[at.w]), inside.w),
  );
}

// The same for any number of channels: each element finds its own tap.
fn gather_elements(offsets: vec4i, masks: vec4u, slice: Slice, quad_k: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.source_channels;
  var rows: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quad_k + i;
    let tap = taps[min(slice.tap + channel / channels, MAXIMUM_TAPS)];
    let inside = (masks & vec4u(tap.bits)) == vec4u(tap.bits);
    let at = select(vec4i(0), offsets + (tap.offset + i32(channel % channels)), inside);
    rows[0][i] = select(staged(), staged(source[at.x]), inside.x);
    rows[1][i] = select(staged(), staged(source[at.y]), inside.y);
    rows[2][i] = select(staged(), staged(source[at.z]), inside.z);
    rows[3][i] = select(staged(), staged(source[at.w]), inside.w);
  }
  return rows;
}

fn stage_left(slice: Slice, thread: u32) {
  const BLOCKS = TILE_QUADS_M * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quad_k = block % TILE_QUADS_K;
      let quad_m = block / TILE_QUADS_K;
      put_left_block(quad_m, quad_k, gather_left(row_offsets[quad_m], row_masks[quad_m], slice, quad_k));
    }
  }
}

// The right tile needs no zeros: past the last k the left one has them, and columns past the last are not stored. There it only must not read
// what might be no number.

// The forward pass reads the weight as it lies: [k, n], columns contiguous.
fn stage_right_rows(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const ROWS_AT_ONCE = THREADS / TILE_QUADS_N;
  let quad = thread % TILE_QUADS_N;
  let first = thread / TILE_QUADS_N;
  let at = first * parameters.result_channels + column0 + 4 * quad;
  for (var i = 0u; i < (TILE_K + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; i++) {
    let row = first + i * ROWS_AT_ONCE;
    if (TILE_K % ROWS_AT_ONCE == 0 || row < TILE_K) {
      var k = slice.start + i * ROWS_AT_ONCE;
      if (!WHOLE_SLICES) {
        k = min(k + first, depth - 1) - first;
      }
      right_tile[row * RIGHT_PITCH + quad] = load_right_row(at + k * parameters.result_channels);
    }
  }
}

fn right_row_quad(at: u32) -> vec4<staged> {
  return vec4<staged>(weight_quads[at / 4]);
}

fn right_row_elements(at: u32) -> vec4<staged> {
  return vec4<staged>(vec4<element>(weight[at], weight[at + 1], weight[at + 2], weight[at + 3]));
}

// The data gradient reads it transposed: weight[tap, n, channel of the source], contiguous along k.
fn stage_right_columns(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const BLOCKS = TILE_QUADS_N * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quad_k = block % TILE_QUADS_K;
      let quad_n = block / TILE_QUADS_K;
      put_right_block(quad_n, quad_k, load_right_columns(slice, quad_k, column0 + 4 * quad_n));
    }
  }
}

fn right_column_quads(slice: Slice, quad_k: u32, column: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quad_k;
  if (!WHOLE_SLICES) {
    index += channel / parameters.source_channels;
    channel %= parameters.source_channels;
  }
  let quads = parameters.source_channels / 4;
  let tap = taps[min(index, MAXIMUM_TAPS)].index;
  let at = (tap * parameters.result_channels + column) * quads + channel / 4;
  return array<vec4<staged>, 4>(
    vec4<staged>(weight_quads[at]),
    vec4<staged>(weight_quads[at + quads]),
    vec4<staged>(weight_quads[at + 2 * quads]),
    vec4<staged>(weight_quads[at + 3 * quads]),
  );
}

fn right_column_elements(slice: Slice, quad_k: u32, column: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.source_channels;
  var columns: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quad_k + i;
    let tap = taps[min(slice.tap + channel / channels, MAXIMUM_TAPS)].index;
    let at = (tap * parameters.result_channels + column) * channels + channel % channels;
    columns[0][i] = staged(weight[at]);
    columns[1][i] = staged(weight[at + channels]);
    columns[2][i] = staged(weight[at + 2 * channels]);
    columns[3][i] = staged(weight[at + 3 * channels]);
  }
  return columns;
}

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
  list_rows(thread, row0, rows, class_, extent, counts);

  let channels = parameters.source_channels;
  let depth = counts.x * counts.y * counts.z * channels;
  var slice = Slice(0, 0, 0);
  while (slice.start < depth) {
    workgroupBarrier();
    stage_left(slice, thread);
    stage_right(slice, column0, depth, thread);
    workgroupBarrier();
    multiply_tiles(thread);
    slice.start += TILE_K;
    slice.channel += TILE_K;
    while (slice.channel >= channels) {
      slice.channel -= channels;
      slice.tap++;
    }
  }
  // Without taps the loop, and its barrier, never runs.
  workgroupBarrier();

  for (var j = 0u; j < QUADS_N; j++) {
    let column = column0 + column_of(thread, j);
    let shift = bias_at(column);
    for (var i = 0u; i < RESULTS_M; i++) {
      let voxel = row_voxels[row_of(thread, i)];
      if (voxel != NO_ROW) {
        store_result(voxel, column, sums[i * QUADS_N + j] + shift);
      }
    }
  }
}
