// Forward pass and data gradient of a 3-D convolution without workgroup memory: an invocation keeps ROWS voxels × 4 · QUADS channels of the result
// in registers and reads its operands straight from storage. For drivers that compute on the processor: there a barrier cuts the shader into
// pieces between which every register is saved, and workgroup memory is no nearer than any other.
//
// Rows, columns and the classes of a strided data gradient are those of conv3d/gemm. Channels of both sides are multiples of 4.
//
// All invocations of a workgroup have the same columns, so those of a subgroup can fetch the weight together, each a part of it, and tell each other.
//
// From the preamble: `element`; DATA_GRADIENT; ROWS; QUADS; LANES, the invocations that fetch together: a subgroup or 1; INVOCATIONS, a multiple of it; and
// `add_products(left, tap, k, column0)`, which for j = 0 … QUADS − 1 calls
//   add_quad(left, j, right)     with right = right_rows(…) | right_columns(…), or with what it has from `fetched`

// #include "common/index.wgsl"
// #include "conv3d/kept.wgsl"
// #include "conv3d/product-parameters.wgsl"

@group(0) @binding(1) var<storage, read> source: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4<element>>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

const FETCHES = (4 * QUADS + LANES - 1) / LANES;

var<private> sums: array<vec4f, ROWS * QUADS>;

// Of each row: where its window begins in the source, and its batch; for the present tap, whether that lies inside, and where.
var<private> origins: array<vec3i, ROWS>;
var<private> batches: array<u32, ROWS>;
var<private> starts: array<u32, ROWS>;
var<private> inside: array<bool, ROWS>;

// The four rows k … k + 3 of the weight of a tap, four columns.
fn right_rows(tap: u32, k: u32, column: u32) -> mat4x4f {
  let pitch = parameters.result_channels / 4;
  let at = (tap * parameters.source_channels + k) * pitch + column / 4;
  return mat4x4f(vec4f(weight[at]), vec4f(weight[at + pitch]), vec4f(weight[at + 2 * pitch]), vec4f(weight[at + 3 * pitch]));
}

fn right_columns(tap: u32, k: u32, column: u32) -> mat4x4f {
  let pitch = parameters.source_channels / 4;
  let at = (tap * parameters.result_channels + column) * pitch + k / 4;
  let a = vec4f(weight[at]);
  let b = vec4f(weight[at + pitch]);
  let c = vec4f(weight[at + 2 * pitch]);
  let d = vec4f(weight[at + 3 * pitch]);
  return mat4x4f(
    vec4f(a.x, b.x, c.x, d.x), vec4f(a.y, b.y, c.y, d.y), vec4f(a.z, b.z, c.z, d.z), vec4f(a.w, b.w, c.w, d.w),
  );
}

// A lane's part of the weight: of the QUADS quads of each of four rows, or of the quads along K of 4 · QUADS columns, each LANES-th.
var<private> fetched: array<vec4f, FETCHES>;

fn fetch_part(lane: u32, tap: u32, k: u32, column0: u32) {
  for (var i = 0u; i < FETCHES; i++) {
    let part = min(i * LANES + lane, 4 * QUADS - 1);
    if (DATA_GRADIENT) {
      let column = min(column0 + part, parameters.result_channels - 1);
      fetched[i] = vec4f(weight[((tap * parameters.result_channels + column) * parameters.source_channels + k) / 4]);
    } else {
      let pitch = parameters.result_channels / 4;
      let row = tap * parameters.source_channels + k + part / QUADS;
      fetched[i] = vec4f(weight[row * pitch + min(column0 / 4 + part % QUADS, pitch - 1)]);
    }
  }
}

fn add_quad(left: array<vec4f, ROWS>, j: u32, right: mat4x4f) {
  for (var i = 0u; i < ROWS; i++) {
    var sum = sums[i * QUADS + j];
    sum = fma(vec4f(left[i].x), right[0], sum);
    sum = fma(vec4f(left[i].y), right[1], sum);
    sum = fma(vec4f(left[i].z), right[2], sum);
    sum = fma(vec4f(left[i].w), right[3], sum);
    sums[i * QUADS + j] = sum;
  }
}

// The column that quad j begins with, or one that does no harm.
fn column_of(j: u32, column0: u32) -> u32 {
  return min(column0 + 4 * j, parameters.result_channels - 4);
}

fn add_tap(lane: u32, tap: u32, reach: vec3i, column0: u32) {
  let extent = vec3i(parameters.source_extent.yzw);
  let quads = parameters.source_channels / 4;
  for (var i = 0u; i < ROWS; i++) {
    let at = origins[i] + reach;
    inside[i] = all(at >= vec3i(0)) && all(at < extent);
    let voxel = ((i32(batches[i]) * extent.x + at.x) * extent.y + at.y) * extent.z + at.z;
    starts[i] = select(0u, u32(voxel) * quads, inside[i]);
  }
  for (var k = 0u; k < quads; k++) {
    var left: array<vec4f, ROWS>;
    for (var i = 0u; i < ROWS; i++) {
      left[i] = vec4f(kept(source[starts[i] + k], inside[i]));
    }
    if (LANES > 1) {
      fetch_part(lane, tap, 4 * k, column0);
    }
    add_products(left, tap, 4 * k, column0);
  }
}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let tile = linear_workgroup(group, groups);
  let stride = parameters.stride.xyz;
  let class_ = vec3u(group.z / (stride.y * stride.z), (group.z / stride.z) % stride.y, group.z % stride.z);
  let step = select(vec3u(1), stride, DATA_GRADIENT);
  let whole = parameters.result_extent.yzw;
  let extent = select(whole, (max(whole, class_) - class_ + stride - 1) / stride, vec3<bool>(DATA_GRADIENT));
  let rows = parameters.result_extent.x * extent.x * extent.y * extent.z;
  let first_row = (tile / parameters.tiles_n) * INVOCATIONS * ROWS;
  if (first_row >= rows) {
    return;
  }
  let row0 = first_row + thread * ROWS;
  let column0 = (tile % parameters.tiles_n) * 4 * QUADS;
  // Rows past the last repeat it, and are not stored: their invocations fetch for others all the same.
  for (var i = 0u; i < ROWS; i++) {
    let m = min(row0 + i, rows - 1);
    let at = vec3u((m / (extent.z * extent.y)) % extent.x, (m / extent.z) % extent.y, m % extent.z);
    batches[i] = m / (extent.z * extent.y * extent.x);
    origins[i] = vec3i(at);
    if (!DATA_GRADIENT) {
      origins[i] = vec3i(at * stride) - vec3i(parameters.padding.xyz);
    }
  }
  let kernel = parameters.kernel;
  for (var d = 0u; d < kernel.x; d++) {
    for (var h = 0u; h < kernel.y; h++) {
      for (var w = 0u; w < kernel.z; w++) {
        let tap = vec3u(d, h, w);
        var reach = vec3i(tap * parameters.dilation.xyz);
        if (DATA_GRADIENT) {
          let distance = vec3i(class_ + parameters.padding.xyz) - reach;
          reach = distance / vec3i(stride);
          if (any(reach * vec3i(stride) != distance)) {
            continue;
          }
        }
        add_tap(thread % LANES, (d * kernel.y + h) * kernel.z + w, reach, column0);
      }
    }
  }
  for (var i = 0u; i < ROWS; i++) {
    let m = row0 + i;
    if (m >= rows) {
      return;
    }
    var voxel = m;
    if (DATA_GRADIENT) {
      let at = class_ + vec3u(origins[i]) * step;
      voxel = ((batches[i] * whole.x + at.x) * whole.y + at.y) * whole.z + at.z;
    }
    for (var j = 0u; j < QUADS; j++) {
      let column = column0 + 4 * j;
      if (column < parameters.result_channels) {
        var value = sums[i * QUADS + j];
        if (parameters.has_bias != 0) {
          value += vec4f(bias[column], bias[column + 1], bias[column + 2], bias[column + 3]);
        }
        result[(voxel * parameters.result_channels + column) / 4] = vec4<element>(value);
      }
    }
  }
}
