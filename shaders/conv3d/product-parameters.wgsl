// What kernels of the forward pass and of the data gradient are told (`productParameters` in conv3d-gather.webgpu.ts).

struct Parameters {
  result_extent: vec4u, // n, d, h, w
  source_extent: vec4u,
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  source_channels: u32,
  result_channels: u32,
  tiles_n: u32,
  has_bias: u32, // else any buffer is bound in its place
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
