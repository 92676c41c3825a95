// Softmax, or its logarithm, over rows [rows, channels]. Several threads (lanes) share a row. The preamble has `element` and
// `fn finish(x: f32, largest: f32, total: f32) -> f32`.
// #include "common/index.wgsl"
// #include "softmax/lanes.wgsl"

@group(0) @binding(1) var<storage, read> x: array<element>;
@group(0) @binding(2) var<storage, read_write> results: array<element>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = linear_workgroup(workgroup, workgroups) * (256u / parameters.lanes) + local / parameters.lanes;
  let lane = local % parameters.lanes;
  let first = row * parameters.channels;
  // Threads beyond the last row take part in the barriers only.
  let channels = select(0u, parameters.channels, row < parameters.rows);

  var largest = bitcast<f32>(negative_infinity_bits);
  for (var c = lane; c < channels; c += parameters.lanes) {
    largest = max(largest, f32(x[first + c]));
  }
  largest = largest_of_lanes(largest, local);
  var total = 0.0;
  for (var c = lane; c < channels; c += parameters.lanes) {
    total += exp(f32(x[first + c]) - largest);
  }
  total = sum_of_lanes(total, local);
  for (var c = lane; c < channels; c += parameters.lanes) {
    results[first + c] = element(finish(f32(x[first + c]), largest, total));
  }
}
