// Max and average pooling, one thread an element of the result.
// #include "common/index.wgsl"
// #include "resample/windows.wgsl"

@group(0) @binding(2) var<storage, read_write> results: array<element>;

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
  let place = place_in(index, pooled_extents());
  let window = window_at(place.voxel);
  if (MAX) {
    results[index] = x[largest_in(window, place.sample, place.channel)];
    return;
  }
  var total = 0.0;
  for (var z = window.low.x; z < window.high.x; z++) {
    for (var y = window.low.y; y < window.high.y; y++) {
      for (var w = window.low.z; w < window.high.z; w++) {
        total += f32(x[element_at(place.sample, vec3<i32>(z, y, w), place.channel)]);
      }
    }
  }
  results[index] = element(total / window.divisor);
}
