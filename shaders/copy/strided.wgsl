// Copies a box of elements between two strided places, one unit a thread: an element, or four neighbours that both sides have in one vector.
// The preamble has `unit` and RANK. All numbers are in units.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  from_offset: i32,
  to_offset: i32,
  unused: u32,
  // Fastest axis first: strides of source and target, and the extent.
  axes: array<vec4<i32>, 6>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<unit>;
@group(0) @binding(2) var<storage, read_write> results: array<unit>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_invocation(workgroup, workgroups, local, 256u);
  if (index >= parameters.count) {
    return;
  }
  var rest = index;
  var offsets = vec2<i32>(parameters.from_offset, parameters.to_offset);
  for (var axis = 0u; axis < RANK; axis++) {
    let strides_and_extent = parameters.axes[axis];
    let extent = u32(strides_and_extent.z);
    let next = rest / extent;
    offsets += i32(rest - next * extent) * strides_and_extent.xy;
    rest = next;
  }
  results[offsets.y] = x[offsets.x];
}
