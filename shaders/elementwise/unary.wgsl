// Four results a thread of a function of one operand and a constant. The preamble has `element`, `value` (what is computed in) and
// `fn apply(x: vec4<value>, p: value) -> vec4<value>`.
// #include "common/index.wgsl"
// #include "common/math.wgsl"

struct Parameters {
  size: u32,
  constant: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<element>>;
@group(0) @binding(2) var<storage, read_write> results: array<vec4<element>>;

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
  let values = vec4<element>(apply(vec4<value>(x[group]), bitcast<value>(parameters.constant)));
  results[group] = merge_tail(values, results[group], parameters.size - first);
}
