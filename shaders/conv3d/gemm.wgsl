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
//   fn gatherLeft(offsets, masks, slice, quadK) = gatherQuads(…) | gatherElements(…)
//   fn stageRight(slice, column0, depth, thread) = stageRightRows(…) | stageRightColumns(…)
//   fn loadRightRow(at) = rightRowQuad(…) | rightRowElements(…)
//   fn loadRightColumns(slice, quadK, column) = rightColumnQuads(…) | rightColumnElements(…)
//   fn storeResult(voxel, column, value) = storeQuad(…) | storeElements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"

struct Parameters {
  resultExtent: vec4u, // n, d, h, w
  sourceExtent: vec4u,
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  sourceChannels: u32,
  resultChannels: u32,
  tilesN: u32,
  hasBias: u32, // else any buffer is bound in its place
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<element>;
@group(0) @binding(1) var<storage, read> sourceQuads: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> weight: array<element>;
@group(0) @binding(2) var<storage, read> weightQuads: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> result: array<element>;
@group(0) @binding(3) var<storage, read_write> resultQuads: array<vec4<element>>;
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
var<workgroup> axisTaps: array<array<vec2i, AXIS_TAPS>, 3>;
var<workgroup> axisCounts: array<u32, 3>;
var<workgroup> taps: array<Tap, MAXIMUM_TAPS + 1>;
var<workgroup> rowOffsets: array<vec4i, TILE_QUADS_M>;
var<workgroup> rowMasks: array<vec4u, TILE_QUADS_M>;
var<workgroup> rowVoxels: array<u32, TILE_M>;

fn classOf(index: u32) -> vec3u {
  let stride = parameters.stride;
  return vec3u(index / (stride.y * stride.z), (index / stride.z) % stride.y, index % stride.z);
}

// How many voxels of the result each axis of a class has.
fn classExtent(class_: vec3u) -> vec3u {
  let extent = parameters.resultExtent.yzw;
  if (!DATA_GRADIENT) {
    return extent;
  }
  let stride = parameters.stride.xyz;
  return (max(extent, class_) - class_ + stride - 1) / stride;
}

fn listAxisTaps(axis: u32, class_: vec3u) {
  var count = 0u;
  for (var tap = 0u; tap < min(AXIS_TAPS, parameters.kernel[axis]); tap++) {
    let reach = i32(tap * parameters.dilation[axis]);
    if (DATA_GRADIENT) {
      let stride = i32(parameters.stride[axis]);
      let distance = i32(class_[axis] + parameters.padding[axis]) - reach;
      if (distance % stride == 0) {
        axisTaps[axis][count] = vec2i(i32(tap), distance / stride);
        count++;
      }
    } else {
      axisTaps[axis][count] = vec2i(i32(tap), reach);
      count++;
    }
  }
  axisCounts[axis] = count;
}

fn listTaps(thread: u32, counts: vec3u) {
  let total = counts.x * counts.y * counts.z;
  let extent = vec3i(parameters.sourceExtent.yzw);
  let units = i32(parameters.sourceChannels / SOURCE_UNIT);
  for (var t = thread; t <= MAXIMUM_TAPS; t += THREADS) {
    // No mask has bit 31, so what lies past the last tap counts as outside.
    var tap = Tap(0, 1u << 31, 0);
    if (t < total) {
      let at = vec3u(t / (counts.y * counts.z), (t / counts.z) % counts.y, t % counts.z);
      let d = axisTaps[0][at.x];
      let h = axisTaps[1][at.y];
      let w = axisTaps[2][at.z];
      let index = (u32(d.x) * parameters.kernel.y + u32(h.x)) * parameters.kernel.z + u32(w.x);
      let bits = (1u << at.x) | (1u << (AXIS_TAPS + at.y)) | (1u << (2 * AXIS_TAPS + at.z));
      tap = Tap(((d.y * extent.y + h.y) * extent.z + w.y) * units, bits, index);
    }
    taps[t] = tap;
  }
}

fn rowAt(m: u32, class_: vec3u, extent: vec3u) -> Row {
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

fn maskOf(origin: vec3i, counts: vec3u) -> u32 {
  var mask = 0u;
  for (var axis = 0u; axis < 3; axis++) {
    for (var t = 0u; t < counts[axis]; t++) {
      let position = origin[axis] + axisTaps[axis][t].y;
      let inside = position >= 0 && position < i32(parameters.sourceExtent[axis + 1]);
      mask |= select(0u, 1u, inside) << (axis * AXIS_TAPS + t);
    }
  }
  return mask;
}

fn listRows(thread: u32, first: u32, rows: u32, class_: vec3u, extent: vec3u, counts: vec3u) {
  let size = parameters.sourceExtent;
  let resultSize = parameters.resultExtent;
  let units = i32(parameters.sourceChannels / SOURCE_UNIT);
  for (var quad = thread; quad < TILE_QUADS_M; quad += THREADS) {
    var offsets = vec4i(0);
    var masks = vec4u(0);
    for (var i = 0u; i < 4; i++) {
      let m = first + 4 * quad + i;
      var voxel = NO_ROW;
      if (m < rows) {
        let row = rowAt(m, class_, extent);
        let o = row.origin;
        offsets[i] = (((i32(row.batch * size.y) + o.x) * i32(size.z) + o.y) * i32(size.w) + o.z) * units;
        masks[i] = maskOf(o, counts);
        voxel = ((row.batch * resultSize.y + row.voxel.x) * resultSize.z + row.voxel.y) * resultSize.w + row.voxel.z;
      }
      rowVoxels[4 * quad + i] = voxel;
    }
    rowOffsets[quad] = offsets;
    rowMasks[quad] = masks;
  }
}

// Four rows, four elements of each, which belong to one tap since source channels are a multiple of 4.
fn gatherQuads(offsets: vec4i, masks: vec4u, slice: Slice, quadK: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quadK;
  if (!WHOLE_SLICES) {
    index += channel / parameters.sourceChannels;
    channel %= parameters.sourceChannels;
  }
  let tap = taps[min(index, MAXIMUM_TAPS)];
  let inside = (masks & vec4u(tap.bits)) == vec4u(tap.bits);
  let at = select(vec4i(0), offsets + (tap.offset + i32(channel / 4)), inside);
  return array<vec4<staged>, 4>(
    select(vec4<staged>(), vec4<staged>(sourceQuads[at.x]), inside.x),
    select(vec4<staged>(), vec4<staged>(sourceQuads[at.y]), inside.y),
    select(vec4<staged>(), vec4<staged>(sourceQuads[at.z]), inside.z),
    select(vec4<staged>(), vec4<staged>(sourceQuads[at.w]), inside.w),
  );
}

// The same for any number of channels: each element finds its own tap.
fn gatherElements(offsets: vec4i, masks: vec4u, slice: Slice, quadK: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.sourceChannels;
  var rows: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quadK + i;
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

fn stageLeft(slice: Slice, thread: u32) {
  const BLOCKS = TILE_QUADS_M * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quadK = block % TILE_QUADS_K;
      let quadM = block / TILE_QUADS_K;
      putLeftBlock(quadM, quadK, gatherLeft(rowOffsets[quadM], rowMasks[quadM], slice, quadK));
    }
  }
}

// The right tile needs no zeros: past the last k the left one has them, and columns past the last are not stored. There it only must not read
// what might be no number.

// The forward pass reads the weight as it lies: [k, n], columns contiguous.
fn stageRightRows(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const ROWS_AT_ONCE = THREADS / TILE_QUADS_N;
  let quad = thread % TILE_QUADS_N;
  let first = thread / TILE_QUADS_N;
  let at = first * parameters.resultChannels + column0 + 4 * quad;
  for (var i = 0u; i < (TILE_K + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; i++) {
    let row = first + i * ROWS_AT_ONCE;
    if (TILE_K % ROWS_AT_ONCE == 0 || row < TILE_K) {
      var k = slice.start + i * ROWS_AT_ONCE;
      if (!WHOLE_SLICES) {
        k = min(k + first, depth - 1) - first;
      }
      rightTile[row * RIGHT_PITCH + quad] = loadRightRow(at + k * parameters.resultChannels);
    }
  }
}

fn rightRowQuad(at: u32) -> vec4<staged> {
  return vec4<staged>(weightQuads[at / 4]);
}

fn rightRowElements(at: u32) -> vec4<staged> {
  return vec4<staged>(vec4<element>(weight[at], weight[at + 1], weight[at + 2], weight[at + 3]));
}

// The data gradient reads it transposed: weight[tap, n, channel of the source], contiguous along k.
fn stageRightColumns(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const BLOCKS = TILE_QUADS_N * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quadK = block % TILE_QUADS_K;
      let quadN = block / TILE_QUADS_K;
      putRightBlock(quadN, quadK, loadRightColumns(slice, quadK, column0 + 4 * quadN));
    }
  }
}

fn rightColumnQuads(slice: Slice, quadK: u32, column: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quadK;
  if (!WHOLE_SLICES) {
    index += channel / parameters.sourceChannels;
    channel %= parameters.sourceChannels;
  }
  let quads = parameters.sourceChannels / 4;
  let tap = taps[min(index, MAXIMUM_TAPS)].index;
  let at = (tap * parameters.resultChannels + column) * quads + channel / 4;
  return array<vec4<staged>, 4>(
    vec4<staged>(weightQuads[at]),
    vec4<staged>(weightQuads[at + quads]),
    vec4<staged>(weightQuads[at + 2 * quads]),
    vec4<staged>(weightQuads[at + 3 * quads]),
  );
}

fn rightColumnElements(slice: Slice, quadK: u32, column: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.sourceChannels;
  var columns: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quadK + i;
    let tap = taps[min(slice.tap + channel / channels, MAXIMUM_TAPS)].index;
    let at = (tap * parameters.resultChannels + column) * channels + channel % channels;
    columns[0][i] = staged(weight[at]);
    columns[1][i] = staged(weight[at + channels]);
    columns[2][i] = staged(weight[at + 2 * channels]);
    columns[3][i] = staged(weight[at + 3 * channels]);
  }
  return columns;
}

fn biasAt(column: u32) -> vec4f {
  if (parameters.hasBias == 0) {
    return vec4f();
  }
  let last = parameters.resultChannels - 1;
  return vec4f(
    bias[min(column, last)], bias[min(column + 1, last)], bias[min(column + 2, last)], bias[min(column + 3, last)],
  );
}

fn storeQuad(voxel: u32, column: u32, value: vec4f) {
  if (column < parameters.resultChannels) {
    resultQuads[(voxel * parameters.resultChannels + column) / 4] = vec4<element>(value);
  }
}

fn storeElements(voxel: u32, column: u32, value: vec4f) {
  for (var i = 0u; i < 4; i++) {
    if (column + i < parameters.resultChannels) {
      result[voxel * parameters.resultChannels + column + i] = element(value[i]);
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
  let class_ = classOf(group.z);
  let extent = classExtent(class_);
  let rows = parameters.resultExtent.x * extent.x * extent.y * extent.z;
  let row0 = (tile / parameters.tilesN) * TILE_M;
  let column0 = (tile % parameters.tilesN) * TILE_N;
  if (row0 >= rows) {
    return;
  }
  if (thread < 3) {
    listAxisTaps(thread, class_);
  }
  let axes = workgroupUniformLoad(&axisCounts);
  let counts = vec3u(axes[0], axes[1], axes[2]);
  listTaps(thread, counts);
  listRows(thread, row0, rows, class_, extent, counts);

  let channels = parameters.sourceChannels;
  let depth = counts.x * counts.y * counts.z * channels;
  var slice = Slice(0, 0, 0);
  while (slice.start < depth) {
    workgroupBarrier();
    stageLeft(slice, thread);
    stageRight(slice, column0, depth, thread);
    workgroupBarrier();
    multiplyTiles(thread);
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
    let column = column0 + columnOf(thread, j);
    let shift = biasAt(column);
    for (var i = 0u; i < RESULTS_M; i++) {
      let voxel = rowVoxels[rowOf(thread, i)];
      if (voxel != NO_ROW) {
        storeResult(voxel, column, sums[i * QUADS_N + j] + shift);
      }
    }
  }
}
