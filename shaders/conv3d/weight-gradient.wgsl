// Weight gradient of a 3-D convolution as a matrix product over voxels:
//   partial[split, m, n] = Σ over the split's voxels of source[voxel moved by the tap of m, channel of m] · gradient[voxel, n]
// M runs over taps × input channels, N over output channels: small, while voxels are many. So voxels are split between workgroups, each
// writes its own part, and common/sum-splits adds the parts in a fixed order: the same bits every run, without atomics.
//
// From the preamble, besides what gemm/multiply.wgsl and conv3d/kept.wgsl want: `element`; SOURCE_UNIT and GRADIENT_UNIT (elements read at once: 4, or 1 where
// channels are no multiple of 4); and the functions that they choose:
//   fn load_left(columns, offset, mask) = left_quad(…) | left_elements(…)
//   fn load_right(at) = right_quad(…) | right_elements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"
// #include "conv3d/kept.wgsl"

struct Parameters {
  source_extent: vec4u, // n, d, h, w
  gradient_extent: vec4u,
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  source_channels: u32,
  gradient_channels: u32,
  tiles_m: u32,
  tiles_n: u32,
  splits: u32,
  voxels_per_split: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<element>;
@group(0) @binding(1) var<storage, read> source_quads: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> gradient: array<element>;
@group(0) @binding(2) var<storage, read> gradient_quads: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;

// Taps that one axis can have: the bits of a voxel's mask are split between three axes.
const AXIS_TAPS = 10u;

// A column of the left matrix: one tap and one input channel.
struct Column {
  offset: i32, // from a voxel's origin in the source, in units of SOURCE_UNIT elements
  bits: u32, // what a voxel's mask must have set for the tap to lie inside
}

// What the voxels of a batch, as many as there are threads, have in the source.
struct Voxel {
  offset: i32, // of its origin, in units of SOURCE_UNIT elements
  mask: u32, // which taps of each axis lie inside
}

var<workgroup> voxels: array<Voxel, THREADS>;

// Where a thread reads, found once: gemm/multiply.wgsl says why. Of the gradient in units of GRADIENT_UNIT elements.
var<private> left_row: u32;
var<private> right_first: u32;
var<private> right_step: u32;
var<private> right_last: u32;

fn column_at(m: u32) -> Column {
  let kernel = parameters.kernel;
  let tap = m / parameters.source_channels;
  if (tap >= kernel.x * kernel.y * kernel.z) {
    // No mask has bit 31.
    return Column(0, 1u << 31);
  }
  let at = vec3u(tap / (kernel.y * kernel.z), (tap / kernel.z) % kernel.y, tap % kernel.z);
  let reach = vec3i(at * parameters.dilation.xyz);
  let extent = vec3i(parameters.source_extent.yzw);
  let bits = (1u << at.x) | (1u << (AXIS_TAPS + at.y)) | (1u << (2 * AXIS_TAPS + at.z));
  let voxel = (reach.x * extent.y + reach.y) * extent.z + reach.z;
  return Column((voxel * i32(parameters.source_channels) + i32(m % parameters.source_channels)) / SOURCE_UNIT, bits);
}

fn list_voxel(thread: u32, voxel: u32, end: u32) {
  let extent = parameters.gradient_extent;
  let size = parameters.source_extent;
  let w = voxel % extent.w;
  let h = (voxel / extent.w) % extent.z;
  let d = (voxel / (extent.w * extent.z)) % extent.y;
  let batch = voxel / (extent.w * extent.z * extent.y);
  let origin = vec3i(vec3u(d, h, w) * parameters.stride.xyz) - vec3i(parameters.padding.xyz);
  var mask = 0u;
  if (voxel < end) {
    for (var axis = 0u; axis < 3; axis++) {
      for (var tap = 0u; tap < parameters.kernel[axis]; tap++) {
        let position = origin[axis] + i32(tap * parameters.dilation[axis]);
        let inside = position >= 0 && position < i32(size[axis + 1]);
        mask |= select(0u, 1u, inside) << (axis * AXIS_TAPS + tap);
      }
    }
  }
  let first = ((i32(batch * size.y) + origin.x) * i32(size.z) + origin.y) * i32(size.w) + origin.z;
  voxels[thread] = Voxel(first * i32(parameters.source_channels / SOURCE_UNIT), mask);
}

// Source channels are a multiple of 4: the four columns share a tap.
fn left_quad(columns: array<Column, 4>, offset: i32, mask: u32) -> vec4<staged> {
  let column = columns[0];
  let inside = (mask & column.bits) == column.bits;
  return vec4<staged>(kept(source_quads[offset + column.offset], inside));
}

fn left_elements(columns: array<Column, 4>, offset: i32, mask: u32) -> vec4<staged> {
  var value: vec4<staged>;
  for (var i = 0u; i < 4; i++) {
    let column = columns[i];
    let inside = (mask & column.bits) == column.bits;
    value[i] = select(staged(), staged(source[offset + column.offset]), inside);
  }
  return value;
}

fn right_quad(at: u32) -> vec4<staged> {
  return vec4<staged>(gradient_quads[at]);
}

fn right_elements(at: u32) -> vec4<staged> {
  return vec4<staged>(vec4<element>(gradient[at], gradient[at + 1], gradient[at + 2], gradient[at + 3]));
}

fn prepare_reads(thread: u32, column0: u32, end: u32) {
  left_row = thread / TILE_QUADS_M;
  right_step = parameters.gradient_channels / GRADIENT_UNIT;
  let column = (column0 + 4 * (thread % TILE_QUADS_N)) / GRADIENT_UNIT;
  right_first = thread / TILE_QUADS_N * right_step + column;
  right_last = (end - min(end, 1)) * right_step + column;
}

// Adds the products of a batch of voxels from `first` on, slice by slice. A thread stages the same columns in every slice (THREADS is a multiple
// of the quads of a row), so it finds their taps only once.
//
// The right tile needs no zeros: for voxels past the end the left one has them, and columns past the last are not stored. There it only must not
// read what might be no number.
fn multiply_batch(columns: array<Column, 4>, first: u32) {
  for (var slice = 0u; slice < THREADS / TILE_K; slice++) {
    var left: array<vec4<staged>, LEFT_PUTS>;
    for (var i = 0u; i < LEFT_PUTS; i++) {
      let voxel = voxels[slice * TILE_K + i * LEFT_ROW_STEP + min(left_row, LEFT_ROW_STEP - 1)];
      left[i] = load_left(columns, voxel.offset, voxel.mask);
    }
    var right: array<vec4<staged>, RIGHT_PUTS>;
    for (var i = 0u; i < RIGHT_PUTS; i++) {
      right[i] = load_right(min(right_first + (first + slice * TILE_K + i * RIGHT_ROW_STEP) * right_step, right_last));
    }
    begin_slice();
    put_left(left);
    put_right_rows(right);
    workgroupBarrier();
    multiply_tiles();
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
  let split = index / tiles;
  if (split >= parameters.splits) {
    return;
  }
  let row0 = ((index % tiles) / parameters.tiles_n) * TILE_M;
  let column0 = (index % parameters.tiles_n) * TILE_N;
  let extent = parameters.gradient_extent;
  let begin = split * parameters.voxels_per_split;
  let end = min(begin + parameters.voxels_per_split, extent.x * extent.y * extent.z * extent.w);

  let column = row0 + 4 * (thread % TILE_QUADS_M);
  let columns = array<Column, 4>(column_at(column), column_at(column + 1), column_at(column + 2), column_at(column + 3));
  take_places(thread);
  prepare_reads(thread, column0, end);
  for (var first = begin; first < end; first += THREADS) {
    workgroupBarrier();
    list_voxel(thread, first + thread, end);
    workgroupBarrier();
    multiply_batch(columns, first);
  }

  let rows = parameters.kernel.x * parameters.kernel.y * parameters.kernel.z * parameters.source_channels;
  for (var i = 0u; i < RESULTS_M; i++) {
    let row = row0 + row_of(thread, i);
    for (var j = 0u; j < QUADS_N; j++) {
      let at = column0 + column_of(thread, j);
      for (var c = 0u; c < 4; c++) {
        if (row < rows && at + c < parameters.gradient_channels) {
          partial[(split * rows + row) * parameters.gradient_channels + at + c] = sums[i * QUADS_N + j][c];
        }
      }
    }
  }
}
