// dx[voxel, cin] = Σ over taps and output channels that read this voxel of dy · weight (+ bias[cin]); dy is the source.

// #include "conv3d/direct-result.wgsl"

const RESULT_IS_INPUT = true;

fn sum_at(voxel: vec4u, channel: u32) -> f32 {
  let inputs = parameters.input_channels / parameters.groups;
  let outputs = parameters.output_channels / parameters.groups;
  let first_output = channel / inputs * outputs;
  let kernel = parameters.kernel;
  let stride = vec3i(parameters.stride.xyz);
  var sum = 0f;
  for (var d = 0u; d < kernel.x; d++) {
    for (var h = 0u; h < kernel.y; h++) {
      for (var w = 0u; w < kernel.z; w++) {
        let tap = vec3u(d, h, w);
        let reach = vec3i(voxel.yzw + parameters.padding.xyz) - vec3i(tap * parameters.dilation.xyz);
        let at = reach / stride;
        if (all(at * stride == reach) && inside_of(at, parameters.output_extent)) {
          let start = linear_voxel(voxel.x, vec3u(at), parameters.output_extent) * parameters.output_channels + first_output;
          let row = (weight_row(tap) * inputs + channel % inputs) * parameters.output_channels + first_output;
          for (var c = 0u; c < outputs; c++) {
            sum += f32(source[start + c]) * f32(weight[row + c]);
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
