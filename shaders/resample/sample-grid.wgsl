// out[n, p, c] = x[n] sampled at grid[n, p]: one thread an element.
// #include "common/index.wgsl"
// #include "resample/corners.wgsl"

@group(0) @binding(0) var<uniform> parameters: GridParameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
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
  let point = place / parameters.channels;
  let channel = place - point * parameters.channels;
  let first = (point / parameters.points) * parameters.depth * parameters.height * parameters.width;
  let at = vec3<f32>(grid[3u * point], grid[3u * point + 1u], grid[3u * point + 2u]);
  var total = 0.0;
  for (var corner = 0u; corner < select(1u, 8u, LINEAR); corner++) {
    let read = corner_of(at, corner, parameters);
    if (read.weight != 0.0) {
      total += read.weight * x[(first + read.voxel) * parameters.channels + channel];
    }
  }
  results[place] = total;
}
