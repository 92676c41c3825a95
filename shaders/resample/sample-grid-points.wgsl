// dgrid[n, p] = how the samples of x at grid[n, p], weighted by dy[n, p], change when the point moves: one thread a point. As torch's grid_sample: a point on
// a voxel has the slope towards the next one, and where the edge counts outside, points on it and beyond have none across it.
// #include "common/index.wgsl"
// #include "resample/corners.wgsl"

@group(0) @binding(0) var<uniform> parameters: GridParameters;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> grid: array<f32>;
@group(0) @binding(4) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let point = linear_invocation(workgroup, workgroups, local, 256u);
  if (point >= parameters.count) {
    return;
  }
  let extents = extents_of(parameters);
  let first = (point / parameters.points) * parameters.depth * parameters.height * parameters.width;
  let at = vec3<f32>(grid[3u * point], grid[3u * point + 1u], grid[3u * point + 2u]);
  // Beyond this nothing is read, and its floor fits an integer.
  let bounded = clamp(at, vec3<f32>(-2.0), vec3<f32>(extents + 1));
  let place = select(bounded, clamp(at, vec3<f32>(0.0), vec3<f32>(extents - 1)), EDGE);
  let low = floor(place);
  let share = place - low;
  var slope = vec3<f32>(0.0);
  for (var corner = 0u; corner < 8u; corner++) {
    let high = vec3<bool>((corner & 4u) != 0u, (corner & 2u) != 0u, (corner & 1u) != 0u);
    let index = vec3<i32>(low) + select(vec3<i32>(0), vec3<i32>(1), high);
    if (any(index < vec3<i32>(0)) || any(index >= extents)) {
      continue;
    }
    let voxel = first + u32((index.x * extents.y + index.y) * extents.z + index.z);
    var value = 0.0;
    for (var channel = 0u; channel < parameters.channels; channel++) {
      value += dy[point * parameters.channels + channel] * x[voxel * parameters.channels + channel];
    }
    let weights = select(vec3<f32>(1.0) - share, share, high);
    let along = vec3<f32>(weights.y * weights.z, weights.x * weights.z, weights.x * weights.y);
    slope += value * along * select(vec3<f32>(-1.0), vec3<f32>(1.0), high);
  }
  let inside = (at > vec3<f32>(0.0)) & (at < vec3<f32>(extents - 1));
  let moves = !vec3<bool>(EDGE) | inside;
  results[3u * point] = select(0.0, slope.x, moves.x);
  results[3u * point + 1u] = select(0.0, slope.y, moves.y);
  results[3u * point + 2u] = select(0.0, slope.z, moves.z);
}
