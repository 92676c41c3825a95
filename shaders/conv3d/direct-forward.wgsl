// y[voxel, cout] = Σ_tap Σ_cin x[voxel · stride − padding + tap · dilation, cin] · weight[tap, cin, cout] + bias[cout], one invocation each.
// From the preamble: `element`.

// #include "conv3d/direct-common.wgsl"

@group(0) @binding(1) var<storage, read> x: array<element>;
@group(0) @binding(2) var<storage, read> weight: array<element>;
@group(0) @binding(3) var<storage, read_write> y: array<element>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

@compute @workgroup_size(GROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_invocation(group, groups, thread, GROUP_SIZE);
  let extent = parameters.output_extent;
  let channel = index % parameters.output_channels;
  if (index / parameters.output_channels >= extent.x * extent.y * extent.z * extent.w) {
    return;
  }
  let voxel = voxel_at(index / parameters.output_channels, extent);
  let channels = parameters.input_channels / parameters.groups;
  let first_channel = channel / (parameters.output_channels / parameters.groups) * channels;
  let kernel = parameters.kernel;
  let origin = vec3i(voxel.yzw * parameters.stride.xyz) - vec3i(parameters.padding.xyz);
  var sum = 0f;
  for (var d = 0u; d < kernel.x; d++) {
    for (var h = 0u; h < kernel.y; h++) {
      for (var w = 0u; w < kernel.z; w++) {
        let tap = vec3u(d, h, w);
        let at = origin + vec3i(tap * parameters.dilation.xyz);
        if (inside_of(at, parameters.input_extent)) {
          let start = linear_voxel(voxel.x, vec3u(at), parameters.input_extent) * parameters.input_channels + first_channel;
          for (var c = 0u; c < channels; c++) {
            sum += f32(x[start + c]) * f32(weight[(weight_row(tap) * channels + c) * parameters.output_channels + channel]);
          }
        }
      }
    }
  }
  if (parameters.has_bias != 0) {
    sum += bias[channel];
  }
  y[index] = element(sum);
}
