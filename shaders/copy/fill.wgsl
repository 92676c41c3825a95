// Sets every element, four a thread. The preamble has `element` and `fn from_bits(bits: u32) -> element`.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  bits: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> results: array<vec4<element>>;

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
  let values = vec4<element>(from_bits(parameters.bits));
  results[group] = merge_tail(values, results[group], parameters.size - first);
}
