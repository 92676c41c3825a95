// out[o, j, n] = sum of x[o, i, n] over the i with index[o, i, n] = j, in the order of i. A thread owns a column (o, n) of `out`, so that no two threads add to
// the same element: the sum is the same every time. `count` is the number of columns.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  // Along the axis, of the index.
  indices: u32,
  // Along the axis, of `out`.
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
  let outer = place / parameters.inner;
  let n = place - outer * parameters.inner;
  let first = outer * parameters.extent * parameters.inner + n;
  for (var j = 0u; j < parameters.extent; j++) {
    results[first + j * parameters.inner] = 0.0;
  }
  for (var i = 0u; i < parameters.indices; i++) {
    let at = (outer * parameters.indices + i) * parameters.inner + n;
    let j = u32(index[at]);
    if (j < parameters.extent) {
      results[first + j * parameters.inner] += x[at];
    }
  }
}
