// y = leakyRelu((x − mean) · inverse_deviation · weight + bias), in one pass.

// #include "instance-norm/channel.wgsl"

@group(0) @binding(5) var<storage, read> x: array<stored>;
@group(0) @binding(6) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(group, groups, thread);
  if (!is_inside(place)) {
    return;
  }
  let channel = channel_of(place);
  for (var row = place.row; row < place.end; row += ROW_LANES) {
    let at = index_of(place, row);
    let z = normalized(channel, lanes(x[at])) * channel.weight + channel.bias;
    y[at] = stored(z * slope_at(z));
  }
}
