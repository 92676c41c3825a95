// What a workgroup of conv3d/gemm finds out first: the taps that its class of voxels meets, and for each of its rows the voxel, where it begins
// in the source, and which taps lie inside.

// Taps that one axis can have: the bits of a row's mask are split between three axes.
const AXIS_TAPS = 10u;
const NO_ROW = 0xffffffffu;

struct Tap {
  offset: i32, // from a row's origin in the source, in units of SOURCE_UNIT elements
  bits: u32, // what a row's mask must have set for this tap to lie inside
  index: u32, // of the tap in the weight
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
