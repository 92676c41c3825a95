// Sets every element. The preamble says `element`.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  value: i32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> target_values: array<element>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_invocation(workgroup, workgroups, local, 256u);
  if (i < parameters.size) {
    target_values[i] = from_bits(parameters.value);
  }
}
