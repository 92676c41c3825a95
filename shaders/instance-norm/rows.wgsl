// What the normalisation kernels share: x is [n, space, channels], a workgroup has CHANNEL_LANES × ROW_LANES threads, and a thread walks down
// rows (voxels) of one chunk of channels, so what belongs to a channel is loaded once.
//
// From the preamble: `stored` (WIDTH elements as they are stored) and `lanes` (the same in f32): vec4 where channels are a multiple of 4, single
// elements otherwise; CHANNEL_LANES and ROW_LANES.

// #include "common/index.wgsl"

struct Parameters {
  batch: u32,
  space: u32,
  channels: u32,
  groups: u32,
  tiles: u32, // parts that the space of one n is cut into
  rows_per_tile: u32,
  has_weight: u32, // else any buffer is bound in its place
  has_bias: u32,
  epsilon: f32,
  slope: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

const THREADS = CHANNEL_LANES * ROW_LANES;

// Where a thread works.
struct Place {
  batch: u32,
  tile: u32,
  chunk: u32, // of channels; may lie past the last
  row: u32, // the first; the next are ROW_LANES apart
  end: u32,
}

fn chunks_of() -> u32 {
  return parameters.channels / WIDTH;
}

fn place_of(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let blocks = (chunks_of() + CHANNEL_LANES - 1) / CHANNEL_LANES;
  let index = linear_workgroup(group, groups);
  let tile = (index / blocks) % parameters.tiles;
  let begin = tile * parameters.rows_per_tile;
  return Place(
    index / (blocks * parameters.tiles),
    tile,
    (index % blocks) * CHANNEL_LANES + thread % CHANNEL_LANES,
    begin + thread / CHANNEL_LANES,
    min(begin + parameters.rows_per_tile, parameters.space),
  );
}

fn is_inside(place: Place) -> bool {
  return place.batch < parameters.batch && place.chunk < chunks_of();
}

fn index_of(place: Place, row: u32) -> u32 {
  return (place.batch * parameters.space + row) * chunks_of() + place.chunk;
}
