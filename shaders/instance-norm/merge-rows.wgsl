// Merges what the threads of a workgroup found for their chunks of channels, in a fixed order, to a tile's moments: partial[n, tile, 2, channels].

// #include "instance-norm/rows.wgsl"
// #include "instance-norm/moments.wgsl"

@group(0) @binding(2) var<storage, read_write> partial: array<lanes>;

var<workgroup> counts: array<f32, THREADS>;
var<workgroup> means: array<lanes, THREADS>;
var<workgroup> squares: array<lanes, THREADS>;

fn share(thread: u32, moments: Moments) {
  counts[thread] = moments.count;
  means[thread] = moments.mean;
  squares[thread] = moments.squares;
}

fn store_merged(thread: u32, place: Place, own: Moments) {
  var moments = own;
  share(thread, moments);
  for (var distance = THREADS / 2u; distance >= CHANNEL_LANES; distance /= 2) {
    workgroupBarrier();
    if (thread < distance) {
      let other = thread + distance;
      moments = merge(moments, Moments(counts[other], means[other], squares[other]));
      share(thread, moments);
    }
  }
  if (thread < CHANNEL_LANES && is_inside(place)) {
    let at = (place.batch * parameters.tiles + place.tile) * 2 * chunks_of() + place.chunk;
    partial[at] = moments.mean;
    partial[at + chunks_of()] = moments.squares;
  }
}
