// out[o, i, n] = x[o, index[o, i, n], n], one element a thread. The preamble has `element`.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  // Along the axis, of the index.
  indices: u32,
  // Along the axis, of x.
  extent: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<element>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> results: array<element>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = linear_invocation(workgroup, workgroups, local, 256u);
  if (place >= parameters.count) {
    return;
  }
  let row = place / parameters.inner;
  let n = place - row * parameters.inner;
  let entry = (row / parameters.indices) * parameters.extent + u32(index[place]);
  results[place] = x[entry * parameters.inner + n];
}
