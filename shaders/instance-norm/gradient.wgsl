// Last stage of the gradient: dx = inverseDeviation · (g · weight − mean(g · weight) − x̂ · mean(g · weight · x̂)), means over the group.
// `means` is [n, 2, c].

// #include "instance-norm/channel.wgsl"

@group(0) @binding(5) var<storage, read> means: array<lanes>;
@group(0) @binding(6) var<storage, read> dy: array<stored>;
@group(0) @binding(7) var<storage, read> x: array<stored>;
@group(0) @binding(8) var<storage, read_write> dx: array<stored>;

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
  let meanGradient = means[place.batch * 2 * chunksOf() + place.chunk];
  let meanProduct = means[(place.batch * 2 + 1) * chunksOf() + place.chunk];
  for (var row = place.row; row < place.end; row += ROW_LANES) {
    let at = indexOf(place, row);
    let unit = normalized(channel, lanes(x[at]));
    let g = lanes(dy[at]) * slopeAt(unit * channel.weight + channel.bias);
    dx[at] = stored(channel.inverseDeviation * (g * channel.weight - meanGradient - unit * meanProduct));
  }
}
