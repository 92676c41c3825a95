// What the direct convolution kernels share: one invocation an output, any groups, kernel, stride and dilation. They are the fallback for
// what the matrix-product kernels leave out (groups, axes of more than 10 taps), and what those are checked against.

// #include "common/index.wgsl"

struct Parameters {
  input_extent: vec4u, // n, d, h, w of x
  output_extent: vec4u, // of y
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  input_channels: u32,
  output_channels: u32,
  groups: u32,
  has_bias: u32, // else any buffer is bound in its place
  splits: u32,
  voxels_per_split: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

const GROUP_SIZE = 64u;

// n, d, h, w of a linear voxel index.
fn voxel_at(index: u32, extent: vec4u) -> vec4u {
  let w = index % extent.w;
  let h = (index / extent.w) % extent.z;
  let d = (index / (extent.w * extent.z)) % extent.y;
  return vec4u(index / (extent.w * extent.z * extent.y), d, h, w);
}

fn linear_voxel(batch: u32, at: vec3u, extent: vec4u) -> u32 {
  return ((batch * extent.y + at.x) * extent.z + at.y) * extent.w + at.z;
}

fn inside_of(at: vec3i, extent: vec4u) -> bool {
  return all(at >= vec3i(0)) && all(at < vec3i(extent.yzw));
}

fn weight_row(tap: vec3u) -> u32 {
  return (tap.x * parameters.kernel.y + tap.y) * parameters.kernel.z + tap.z;
}
