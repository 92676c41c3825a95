// target += scale · x, four elements a thread.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> results: array<vec4<f32>>;

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
  let before = results[group];
  results[group] = merge_tail(before + parameters.scale * x[group], before, parameters.size - first);
}
