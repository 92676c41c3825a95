// What the tiles of conv3d/gemm leave for a norm that follows: for each of a tile's columns the mean of its rows, and the sum of their squared deviations from
// it, of the values as they are stored. Two passes over what the threads have in registers, so that nothing cancels; instance-norm/merge-statistics merges
// the tiles of a sample, which lie within it (MOMENTS). Sums have a fixed order.

@group(0) @binding(5) var<storage, read_write> moments: array<f32>; // [n, tile, 2, channels]

// Over the tile's rows, of what each thread has of its quad of columns; all threads of a quad get it.
fn sum_over_threads(thread: u32, part: vec4f) -> vec4f {
  workgroupBarrier();
  put_part(thread, part);
  workgroupBarrier();
  var sum = vec4f();
  for (var row = 0u; row < THREADS_M; row++) {
    sum += part_at(row * THREADS_N + thread % THREADS_N);
  }
  return sum;
}

// For a thread's j-th quad of results.
fn leave_moments(thread: u32, place: Place, j: u32) {
  let column = place.column0 + column_of(thread, j);
  let bias = bias_at(column);
  var values: array<vec4f, RESULTS_M>;
  var sum = vec4f();
  for (var i = 0u; i < RESULTS_M; i++) {
    values[i] = vec4f(vec4<element>(sums[i * QUADS_N + j] + bias));
    sum += select(vec4f(), values[i], place.row0 + row_of(thread, i) < place.rows);
  }
  let mean = sum_over_threads(thread, sum) / f32(min(TILE_M, place.rows - place.row0));
  var squares = vec4f();
  for (var i = 0u; i < RESULTS_M; i++) {
    let deviation = values[i] - mean;
    squares += select(vec4f(), deviation * deviation, place.row0 + row_of(thread, i) < place.rows);
  }
  squares = sum_over_threads(thread, squares);
  if (thread < THREADS_N) {
    let channels = parameters.result_channels;
    for (var i = 0u; i < 4; i++) {
      if (column + i < channels) {
        moments[place.tile * 2 * channels + column + i] = mean[i];
        moments[(place.tile * 2 + 1) * channels + column + i] = squares[i];
      }
    }
  }
}
