// What a workgroup of conv3d/gemm finds out first: the taps that its class of voxels meets, and for each of its rows where it begins in the
// source, and which taps lie inside.

// Taps that one axis can have: the bits of a row's mask are split between three axes.
const AXIS_TAPS = 10u;

struct Tap {
  offset: i32, // from a row's origin in the source, in units of SOURCE_UNIT elements
  bits: u32, // what a row's mask must have set for this tap to lie inside
  weight: u32, // where the weight of the tap begins, in the same units
}

// A row of the left matrix.
struct Row {
  offset: i32, // of its origin in the source, in units of SOURCE_UNIT elements
  mask: u32, // which taps of each axis lie inside
}

// Per axis: 16 · displacement in source voxels + index of the tap.
var<workgroup> axis_taps: array<array<i32, AXIS_TAPS>, 3>;
var<workgroup> axis_counts: array<u32, 3>;
var<workgroup> taps: array<Tap, MAXIMUM_TAPS + 1>;

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
        axis_taps[axis][count] = 16 * (distance / stride) + i32(tap);
        count++;
      }
    } else {
      axis_taps[axis][count] = 16 * reach + i32(tap);
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
      let entry = vec3i(axis_taps[0][at.x], axis_taps[1][at.y], axis_taps[2][at.z]);
      let kernel_at = vec3u(entry & vec3i(15));
      let moved = entry >> vec3u(4);
      let index = (kernel_at.x * parameters.kernel.y + kernel_at.y) * parameters.kernel.z + kernel_at.z;
      let bits = (1u << at.x) | (1u << (AXIS_TAPS + at.y)) | (1u << (2 * AXIS_TAPS + at.z));
      let weight = index * parameters.result_channels * u32(units);
      tap = Tap(((moved.x * extent.y + moved.y) * extent.z + moved.z) * units, bits, weight);
    }
    taps[t] = tap;
  }
}

fn mask_of(origin: vec3i, counts: vec3u) -> u32 {
  var mask = 0u;
  for (var axis = 0u; axis < 3; axis++) {
    for (var t = 0u; t < counts[axis]; t++) {
      let position = origin[axis] + (axis_taps[axis][t] >> 4u);
      let inside = position >= 0 && position < i32(parameters.source_extent[axis + 1]);
      mask |= select(0u, 1u, inside) << (axis * AXIS_TAPS + t);
    }
  }
  return mask;
}

// The position within its class of row m.
fn position_of(m: u32, extent: vec3u) -> vec4u {
  return vec4u(
    m / (extent.z * extent.y * extent.x), (m / (extent.z * extent.y)) % extent.x, (m / extent.z) % extent.y, m % extent.z,
  );
}

// A row past the last has no tap inside, and an offset that does no harm.
fn source_row(m: u32, rows: u32, extent: vec3u, counts: vec3u) -> Row {
  if (m >= rows) {
    return Row(0, 0);
  }
  let at = position_of(m, extent);
  let size = parameters.source_extent;
  var origin = vec3i(at.yzw);
  if (!DATA_GRADIENT) {
    origin = vec3i(at.yzw * parameters.stride.xyz) - vec3i(parameters.padding.xyz);
  }
  let voxel = ((i32(at.x * size.y) + origin.x) * i32(size.z) + origin.y) * i32(size.w) + origin.z;
  return Row(voxel * i32(parameters.source_channels / SOURCE_UNIT), mask_of(origin, counts));
}

// The voxel of the result that row m is. Classes of stride 1, and a forward pass, have all voxels in their order.
fn result_voxel(m: u32, class_: vec3u, extent: vec3u) -> u32 {
  if (!DATA_GRADIENT || all(parameters.stride.xyz == vec3u(1))) {
    return m;
  }
  let size = parameters.result_extent;
  let at = position_of(m, extent);
  let voxel = class_ + at.yzw * parameters.stride.xyz;
  return ((at.x * size.y + voxel.x) * size.z + voxel.y) * size.w + voxel.z;
}
