// The gradient of sample-grid with respect to x. A workgroup owns a block of 4 × 4 × 4 voxels, a thread one of them and up to four channels. It
// goes through the blocks of points in order, 64 at a time, and looks into those that reach its own: sums have a fixed order without atomics.
// #include "common/index.wgsl"
// #include "resample/blocks.wgsl"

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read> reach: array<vec4<i32>>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

const NONE = 0xffffffffu;

var<workgroup> near: array<u32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let volume = parameters.volume.xyz;
  let points = parameters.grid.xyz;
  let channel_quads = (parameters.channels + 3u) / 4u;
  let owned_blocks = volume_of(blocks_of(volume));
  let owned = linear_workgroup(workgroup, workgroups);
  let sample = owned / (channel_quads * owned_blocks);
  if (sample >= parameters.batch) {
    return;
  }
  let first_channel = 4u * (owned % channel_quads);
  let block = (owned / channel_quads) % owned_blocks;
  let voxel = member_of(block, local, volume);
  let first_voxel = vec3<i32>(member_of(block, 0u, volume));
  let last_voxel = vec3<i32>(member_of(block, 63u, volume));

  var total = array<f32, 4>();
  let point_blocks = volume_of(blocks_of(points));
  for (var start = 0u; start < point_blocks; start += 64u) {
    workgroupBarrier();
    near[local] = NONE;
    let candidate = start + local;
    if (candidate < point_blocks) {
      let at = 2u * (sample * point_blocks + candidate);
      if (all(reach[at].xyz <= last_voxel) && all(reach[at + 1u].xyz >= first_voxel)) {
        near[local] = candidate;
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < 64u; i++) {
      if (near[i] == NONE) {
        continue;
      }
      for (var member = 0u; member < 64u; member++) {
        let point = member_of(near[i], member, points);
        if (any(point >= points)) {
          continue;
        }
        let index = sample * volume_of(points) + index_in(point, points);
        let at = located(vec3<f32>(grid[3u * index], grid[3u * index + 1u], grid[3u * index + 2u]));
        let share = share_of(vec3<f32>(voxel), at);
        if (share > 0.0) {
          for (var c = 0u; c < min(4u, parameters.channels - first_channel); c++) {
            total[c] += share * dy[index * parameters.channels + first_channel + c];
          }
        }
      }
    }
  }
  if (all(voxel < volume)) {
    let at = (sample * volume_of(volume) + index_in(voxel, volume)) * parameters.channels + first_channel;
    for (var c = 0u; c < min(4u, parameters.channels - first_channel); c++) {
      dx[at + c] = total[c];
    }
  }
}
