// Between the stages of the statistics, where the first one left many small parts (a convolution's tiles): merges those of each of our tiles to one, so that
// merge-statistics has few. Voxels are rows here too, PART_ROWS (from the preamble) of them a part; a tile is a whole number of parts.

// #include "instance-norm/merge-rows.wgsl"

@group(0) @binding(1) var<storage, read> parts: array<lanes>; // [n, part, 2, channels]

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(group, groups, thread);
  var moments: Moments;
  if (is_inside(place)) {
    let parts_of_sample = (parameters.space + PART_ROWS - 1) / PART_ROWS;
    let first = place.tile * parameters.rows_per_tile + thread / CHANNEL_LANES * PART_ROWS;
    for (var row = first; row < place.end; row += ROW_LANES * PART_ROWS) {
      let at = (place.batch * parts_of_sample + row / PART_ROWS) * 2 * chunks_of() + place.chunk;
      let rows = min(PART_ROWS, parameters.space - row);
      moments = merge(moments, Moments(f32(rows), parts[at], parts[at + chunks_of()]));
    }
  }
  store_merged(thread, place, moments);
}
