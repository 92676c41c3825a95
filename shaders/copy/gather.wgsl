// out[o, i, n] = x[o, index[i], n], one unit a thread: an element, or four neighbours along n. With EACH every element has an index of its own, index[o, i, n],
// and is a unit. The preamble has `unit` and EACH. All numbers are in units.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  indices: u32,
  // Along the gathered axis of x.
  extent: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<unit>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> results: array<unit>;

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
  let outer = row / parameters.indices;
  let i = select(row - outer * parameters.indices, place, EACH);
  results[place] = x[(outer * parameters.extent + u32(index[i])) * parameters.inner + n];
}
