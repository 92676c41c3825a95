// The gradient of softmax, or of its logarithm, over rows [rows, channels] from the result y. Several threads (lanes) share a row. The
// preamble has `element`, `fn term(dy: f32, y: f32) -> f32` (what is summed) and `fn finish(dy: f32, y: f32, total: f32) -> f32`.
// #include "common/index.wgsl"
// #include "softmax/lanes.wgsl"

@group(0) @binding(1) var<storage, read> dy: array<element>;
@group(0) @binding(2) var<storage, read> y: array<element>;
@group(0) @binding(3) var<storage, read_write> dx: array<element>;

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

  var total = 0.0;
  for (var c = lane; c < channels; c += parameters.lanes) {
    total += term(f32(dy[first + c]), f32(y[first + c]));
  }
  total = sum_of_lanes(total, local);
  for (var c = lane; c < channels; c += parameters.lanes) {
    dx[first + c] = element(finish(f32(dy[first + c]), f32(y[first + c]), total));
  }
}
