// The gradient of sample-grid with respect to x: each thread owns an element of dx and looks at all points of its sample in order, so that sums have
// a fixed order without atomics. Slow, as the contract says.
// #include "common/index.wgsl"
// #include "resample/corners.wgsl"

@group(0) @binding(0) var<uniform> parameters: GridParameters;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = linear_invocation(workgroup, workgroups, local, 256u);
  if (place >= parameters.count) {
    return;
  }
  let voxels = parameters.depth * parameters.height * parameters.width;
  let row = place / parameters.channels;
  let channel = place - row * parameters.channels;
  let sample = row / voxels;
  let voxel = row - sample * voxels;
  var total = 0.0;
  for (var point = sample * parameters.points; point < (sample + 1u) * parameters.points; point++) {
    let at = vec3<f32>(grid[3u * point], grid[3u * point + 1u], grid[3u * point + 2u]);
    for (var corner = 0u; corner < select(1u, 8u, LINEAR); corner++) {
      let read = corner_of(at, corner, parameters);
      if (read.voxel == voxel && read.weight != 0.0) {
        total += read.weight * dy[point * parameters.channels + channel];
      }
    }
  }
  results[place] = total;
}
