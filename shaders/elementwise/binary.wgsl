// Four results a thread of a function of two operands that broadcast. The preamble has `value` (what is computed in), `result` (what is stored),
// the loads and `fn apply(a: vec4<value>, b: vec4<value>, p: value) -> vec4<result_value>`.
// #include "common/index.wgsl"
// #include "common/math.wgsl"
// #include "elementwise/broadcast.wgsl"

@group(0) @binding(1) var<storage, read> a: array<a_storage>;
@group(0) @binding(2) var<storage, read> b: array<b_storage>;
@group(0) @binding(3) var<storage, read_write> results: array<vec4<result>>;

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
  let offsets = four_offsets(first);
  let values = vec4<result>(apply(load_a(offsets.a), load_b(offsets.b), bitcast<value>(parameters.constant)));
  results[group] = merge_tail(values, results[group], parameters.size - first);
}
