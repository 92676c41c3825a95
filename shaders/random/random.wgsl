// Random numbers, a block of four a thread. The preamble has `result` and `fn convert(words: vec4<u32>) -> vec4<result>`, which may use the
// functions below.
// #include "common/index.wgsl"
// #include "random/normal.wgsl"
// #include "random/philox.wgsl"

struct Parameters {
  size: u32,
  seed_low: u32,
  seed_high: u32,
  stream_low: u32,
  stream_high: u32,
  // Lower end and width, or mean and deviation.
  offset: f32,
  scale: f32,
  // The largest uniform number allowed.
  limit: f32,
  zero: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> results: array<vec4<result>>;

const UNIT = 5.9604644775390625e-8; // 2⁻²⁴

fn uniform_numbers(words: vec4<u32>) -> vec4<f32> {
  let numbers = parameters.offset + rounded(parameters.scale * rounded(vec4<f32>(words >> vec4<u32>(8u)) * UNIT));
  // The sum may round up to the end of the interval, which does not belong to it.
  return min(numbers, vec4<f32>(parameters.limit));
}

fn normal_numbers(words: vec4<u32>) -> vec4<f32> {
  return parameters.offset + rounded(parameters.scale * quantile(words));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let block = linear_invocation(workgroup, workgroups, local, 256u);
  let first = block * 4u;
  if (first >= parameters.size) {
    return;
  }
  let counter = vec4<u32>(block, 0u, parameters.stream_low, parameters.stream_high);
  let words = philox(counter, vec2<u32>(parameters.seed_low, parameters.seed_high));
  results[block] = merge_tail(convert(words), results[block], parameters.size - first);
}
