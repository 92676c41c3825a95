// partial[split, tap, cin, cout] = Σ over the split's voxels of x · dy, one invocation each; common/sum-splits adds the splits.
// From the preamble: `element`.

// #include "conv3d/direct-common.wgsl"

@group(0) @binding(1) var<storage, read> x: array<element>;
@group(0) @binding(2) var<storage, read> dy: array<element>;
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_invocation(group, groups, thread, GROUP_SIZE);
  let kernel = parameters.kernel;
  let inputs = parameters.input_channels / parameters.groups;
  let size = kernel.x * kernel.y * kernel.z * inputs * parameters.output_channels;
  let split = index / size;
  if (split >= parameters.splits) {
    return;
  }
  let at = index % size;
  let channel = at % parameters.output_channels;
  let input_channel = channel / (parameters.output_channels / parameters.groups) * inputs + at / parameters.output_channels % inputs;
  let tap = voxel_at(at / (parameters.output_channels * inputs), vec4u(1, kernel.xyz)).yzw;
  let reach = vec3i(tap * parameters.dilation.xyz) - vec3i(parameters.padding.xyz);
  let extent = parameters.output_extent;
  let begin = split * parameters.voxels_per_split;
  let end = min(begin + parameters.voxels_per_split, extent.x * extent.y * extent.z * extent.w);
  var sum = 0f;
  for (var v = begin; v < end; v++) {
    let voxel = voxel_at(v, extent);
    let start = vec3i(voxel.yzw * parameters.stride.xyz) + reach;
    if (inside_of(start, parameters.input_extent)) {
      let source = linear_voxel(voxel.x, vec3u(start), parameters.input_extent);
      sum += f32(x[source * parameters.input_channels + input_channel]) * f32(dy[v * parameters.output_channels + channel]);
    }
  }
  partial[index] = sum;
}
