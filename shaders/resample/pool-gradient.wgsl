// The gradient of pooling: each thread owns an element of dx and adds up the windows that it is in, in order.
// #include "common/index.wgsl"
// #include "resample/windows.wgsl"

@group(0) @binding(2) var<storage, read> dy: array<element>;
@group(0) @binding(3) var<storage, read_write> results: array<element>;

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
  let place = place_in(index, extents());
  let pooled = pooled_extents();
  // Windows p with p · stride − padding ≤ voxel < p · stride − padding + kernel.
  let shifted = place.voxel + paddings();
  let first = max((shifted - kernel_extents()) / strides() + select(vec3<i32>(0), vec3<i32>(1), shifted >= kernel_extents()), vec3<i32>(0));
  let last = min(shifted / strides(), pooled - 1);
  var total = 0.0;
  for (var z = first.x; z <= last.x; z++) {
    for (var y = first.y; y <= last.y; y++) {
      for (var w = first.z; w <= last.z; w++) {
        let window = window_at(vec3<i32>(z, y, w));
        let pooled_index = (((i32(place.sample) * pooled.x + z) * pooled.y + y) * pooled.z + w) * i32(parameters.channels) + i32(place.channel);
        if (MAX) {
          if (largest_in(window, place.sample, place.channel) == index) {
            total += f32(dy[pooled_index]);
          }
        } else {
          total += f32(dy[pooled_index]) / window.divisor;
        }
      }
    }
  }
  results[index] = element(total);
}
