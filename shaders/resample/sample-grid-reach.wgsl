// The box of voxels that each block of 4 × 4 × 4 points of a sampling grid reads, one invocation a block: reach[2 · block] is its first voxel
// (d, h, w), reach[2 · block + 1] its last. The gradient then passes over blocks that are far away.
// #include "common/index.wgsl"
// #include "resample/blocks.wgsl"

@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read_write> reach: array<vec4<i32>>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = linear_invocation(workgroup, workgroups, local, 64u);
  let blocks = volume_of(blocks_of(parameters.grid.xyz));
  if (block >= parameters.batch * blocks) {
    return;
  }
  var low = vec3<f32>(3e38);
  var high = vec3<f32>(-3e38);
  for (var i = 0u; i < 64u; i++) {
    let point = member_of(block % blocks, i, parameters.grid.xyz);
    if (all(point < parameters.grid.xyz)) {
      let index = (block / blocks) * volume_of(parameters.grid.xyz) + index_in(point, parameters.grid.xyz);
      let at = located(vec3<f32>(grid[3u * index], grid[3u * index + 1u], grid[3u * index + 2u]));
      low = min(low, floor(at));
      high = max(high, ceil(at));
    }
  }
  // Kept within what i32 holds: the volume is smaller.
  reach[2u * block] = vec4<i32>(vec3<i32>(clamp(low, vec3<f32>(-2.0), vec3<f32>(1e9))), 0);
  reach[2u * block + 1u] = vec4<i32>(vec3<i32>(clamp(high, vec3<f32>(-2.0), vec3<f32>(1e9))), 0);
}
