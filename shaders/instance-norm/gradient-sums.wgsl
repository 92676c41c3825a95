// First stage of the gradient: with g the gradient before the activation, partial[tile, n, 0, c] = Σ g and [tile, n, 1, c] = Σ g · x̂ over the
// rows of a tile, x̂ being x normalised. common/sum-splits adds the tiles.

// #include "instance-norm/channel.wgsl"

@group(0) @binding(5) var<storage, read> dy: array<stored>;
@group(0) @binding(6) var<storage, read> x: array<stored>;
@group(0) @binding(7) var<storage, read_write> partial: array<lanes>;

var<workgroup> sums: array<lanes, THREADS>;
var<workgroup> products: array<lanes, THREADS>;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(group, groups, thread);
  var sum = lanes();
  var product = lanes();
  if (is_inside(place)) {
    let channel = channel_of(place);
    for (var row = place.row; row < place.end; row += ROW_LANES) {
      let at = index_of(place, row);
      let unit = normalized(channel, lanes(x[at]));
      let g = lanes(dy[at]) * slope_at(unit * channel.weight + channel.bias);
      sum += g;
      product += g * unit;
    }
  }
  sums[thread] = sum;
  products[thread] = product;
  for (var distance = THREADS / 2u; distance >= CHANNEL_LANES; distance /= 2) {
    workgroupBarrier();
    if (thread < distance) {
      sums[thread] += sums[thread + distance];
      products[thread] += products[thread + distance];
    }
  }
  if (thread < CHANNEL_LANES && is_inside(place)) {
    let at = (place.tile * parameters.batch + place.batch) * 2 * chunks_of() + place.chunk;
    partial[at] = sums[thread];
    partial[at + chunks_of()] = products[thread];
  }
}
