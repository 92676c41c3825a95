// y[voxel, cout] = Σ_tap Σ_cin x[voxel · stride − padding + tap · dilation, cin] · weight[tap, cin, cout] + bias[cout]; x is the source.

// #include "conv3d/direct-result.wgsl"

const RESULT_IS_INPUT = false;

fn sum_at(voxel: vec4u, channel: u32) -> f32 {
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
            sum += f32(source[start + c]) * f32(weight[(weight_row(tap) * channels + c) * parameters.output_channels + channel]);
          }
        }
      }
    }
  }
  return sum;
}

@compute @workgroup_size(GROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  write_result(group, groups, thread);
}
