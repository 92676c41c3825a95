// y = leakyRelu((x − mean) · inverseDeviation · weight + bias), in one pass.

// #include "instance-norm/channel.wgsl"

@group(0) @binding(5) var<storage, read> x: array<stored>;
@group(0) @binding(6) var<storage, read_write> y: array<stored>;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = placeOf(group, groups, thread);
  if (!isInside(place)) {
    return;
  }
  let channel = channelOf(place);
  for (var row = place.row; row < place.end; row += ROW_LANES) {
    let at = indexOf(place, row);
    let z = normalized(channel, lanes(x[at])) * channel.weight + channel.bias;
    y[at] = stored(z * slopeAt(z));
  }
}
