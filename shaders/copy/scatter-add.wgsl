// out[o, j, n] = sum of x[o, i, n] over the i with index[i] = j, in the order of i. One element of `out` a thread, so that no two threads
// add to the same one: the sum is the same every time.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  indices: u32,
  // Along the scattered axis of `out`.
  extent: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

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
  let outer = row / parameters.extent;
  let j = i32(row - outer * parameters.extent);
  var sum = 0.0;
  for (var i = 0u; i < parameters.indices; i++) {
    if (index[i] == j) {
      sum += x[(outer * parameters.indices + i) * parameters.inner + n];
    }
  }
  results[place] = sum;
}
