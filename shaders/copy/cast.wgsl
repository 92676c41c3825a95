// Converts between storage types, four elements a thread. The preamble has `source`, `result` and
// `fn convert(x: vec4<source>) -> vec4<result>`, which may use the functions below.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<source>>;
@group(0) @binding(2) var<storage, read_write> results: array<vec4<result>>;

// Truncated; beyond the range the nearest end, NaN 0. WGSL's own conversion stops at the last float below 2³¹ and leaves NaN open.
fn saturate_to_i32(x: vec4<f32>) -> vec4<i32> {
  let is_nan = (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
  let truncated = select(vec4<i32>(x), vec4<i32>(0x7fffffff), x >= vec4<f32>(2147483648.0));
  return select(truncated, vec4<i32>(0), is_nan);
}

fn saturate_to_u8(x: vec4<i32>) -> vec4<u32> {
  return vec4<u32>(clamp(x, vec4<i32>(0), vec4<i32>(255)));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_invocation(workgroup, workgroups, local, 256u);
  let first = group * 4u;
  if (first >= parameters.size) {
    return;
  }
  results[group] = merge_tail(convert(x[group]), results[group], parameters.size - first);
}
