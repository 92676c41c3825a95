// Last stage of the gradient: dx = inverse_deviation · (g · weight − mean(g · weight) − x̂ · mean(g · weight · x̂)), means over the group.
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
  let place = place_of(group, groups, thread);
  if (!is_inside(place)) {
    return;
  }
  let channel = channel_of(place);
  let mean_gradient = means[place.batch * 2 * chunks_of() + place.chunk];
  let mean_product = means[(place.batch * 2 + 1) * chunks_of() + place.chunk];
  for (var row = place.row; row < place.end; row += ROW_LANES) {
    let at = index_of(place, row);
    let unit = normalized(channel, lanes(x[at]));
    let g = lanes(dy[at]) * slope_at(unit * channel.weight + channel.bias);
    dx[at] = stored(channel.inverse_deviation * (g * channel.weight - mean_gradient - unit * mean_product));
  }
}
