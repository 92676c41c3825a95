// What the direct convolutions that write voxels do: result[voxel, channel] = sum_at(voxel, channel) + bias[channel], one invocation each.
// From the preamble: `element`; from the file that includes this one: RESULT_IS_INPUT (the result has the extent of x, not of y) and
//   fn sum_at(voxel: vec4u, channel: u32) -> f32

// #include "conv3d/direct-common.wgsl"

@group(0) @binding(1) var<storage, read> source: array<element>;
@group(0) @binding(2) var<storage, read> weight: array<element>;
@group(0) @binding(3) var<storage, read_write> result: array<element>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;

fn write_result(group: vec3u, groups: vec3u, thread: u32) {
  let index = linear_invocation(group, groups, thread, GROUP_SIZE);
  let extent = select(parameters.output_extent, parameters.input_extent, RESULT_IS_INPUT);
  let channels = select(parameters.output_channels, parameters.input_channels, RESULT_IS_INPUT);
  if (index / channels >= extent.x * extent.y * extent.z * extent.w) {
    return;
  }
  var sum = sum_at(voxel_at(index / channels, extent), index % channels);
  if (parameters.has_bias != 0) {
    sum += bias[index % channels];
  }
  result[index] = element(sum);
}
