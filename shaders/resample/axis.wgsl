// Resampling along one axis as a sparse matrix: out[o, i, n] = Σ weight[k] · x[o, source[k], n] for k from starts[i] to starts[i + 1]. The gradient is
// the same with the transposed matrix.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  // Extents of the axis before and after, and what lies behind it.
  input: u32,
  output: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> starts: array<i32>;
@group(0) @binding(3) var<storage, read> sources: array<i32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
@group(0) @binding(5) var<storage, read_write> results: array<f32>;

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
  let outer = row / parameters.output;
  let i = row - outer * parameters.output;
  let base = outer * parameters.input;
  var total = 0.0;
  for (var k = u32(starts[i]); k < u32(starts[i + 1u]); k++) {
    total += weights[k] * x[(base + u32(sources[k])) * parameters.inner + n];
  }
  results[place] = total;
}
