// First stage of the statistics: mean and sum of squared deviations of each channel over the rows of a tile, x being read once. A thread takes
// BLOCK rows at a time into registers, finds their mean and then their deviations from it (two passes, so nothing cancels), and merges blocks.
// Result: partial[n, tile, 2, channels].

// #include "instance-norm/merge-rows.wgsl"

@group(0) @binding(1) var<storage, read> x: array<stored>;

const BLOCK = 8u;

fn moments_of_block(place: Place, row: u32) -> Moments {
  var values: array<lanes, BLOCK>;
  var count = 0f;
  var sum = lanes();
  for (var i = 0u; i < BLOCK; i++) {
    let at = row + i * ROW_LANES;
    let inside = at < place.end;
    values[i] = select(lanes(), lanes(x[index_of(place, min(at, place.end - 1))]), inside);
    count += select(0f, 1f, inside);
    sum += values[i];
  }
  let mean = sum / count;
  var result = Moments(count, mean, lanes());
  for (var i = 0u; i < BLOCK; i++) {
    let deviation = values[i] - mean;
    result.squares += select(lanes(), deviation * deviation, row + i * ROW_LANES < place.end);
  }
  return result;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = place_of(group, groups, thread);
  var moments: Moments;
  if (is_inside(place)) {
    for (var row = place.row; row < place.end; row += BLOCK * ROW_LANES) {
      moments = merge(moments, moments_of_block(place, row));
    }
  }
  store_merged(thread, place, moments);
}
