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
  let inputs = parameters.inputChannels / parameters.groups;
  let size = kernel.x * kernel.y * kernel.z * inputs * parameters.outputChannels;
  let split = index / size;
  if (split >= parameters.splits) {
    return;
  }
  let at = index % size;
  let channel = at % parameters.outputChannels;
  let inputChannel = channel / (parameters.outputChannels / parameters.groups) * inputs + at / parameters.outputChannels % inputs;
  let tap = voxelAt(at / (parameters.outputChannels * inputs), vec4u(1, kernel.xyz)).yzw;
  let reach = vec3i(tap * parameters.dilation.xyz) - vec3i(parameters.padding.xyz);
  let extent = parameters.outputExtent;
  let begin = split * parameters.voxelsPerSplit;
  let end = min(begin + parameters.voxelsPerSplit, extent.x * extent.y * extent.z * extent.w);
  var sum = 0f;
  for (var v = begin; v < end; v++) {
    let voxel = voxelAt(v, extent);
    let start = vec3i(voxel.yzw * parameters.stride.xyz) + reach;
    if (insideOf(start, parameters.inputExtent)) {
      let source = linearVoxel(voxel.x, vec3u(start), parameters.inputExtent);
      sum += f32(x[source * parameters.inputChannels + inputChannel]) * f32(dy[v * parameters.outputChannels + channel]);
    }
  }
  partial[index] = sum;
}
