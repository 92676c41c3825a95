// Running sums along the middle axis of [outer, length, inner], a row a thread: for short rows.
// #include "common/index.wgsl"

struct Parameters {
  // outer · inner
  rows: u32,
  length: u32,
  inner: u32,
  reverse: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = linear_invocation(workgroup, workgroups, local, 256u);
  if (row >= parameters.rows) {
    return;
  }
  let outer = row / parameters.inner;
  let first = outer * parameters.length * parameters.inner + (row - outer * parameters.inner);
  var sum = 0.0;
  for (var step = 0u; step < parameters.length; step++) {
    let position = select(step, parameters.length - 1u - step, parameters.reverse != 0u);
    let place = first + position * parameters.inner;
    sum += x[place];
    results[place] = sum;
  }
}
