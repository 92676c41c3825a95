// How a workgroup of conv3d/gemm fills its tiles: the left one gathered from the source, the right one from the weight. Values are fetched into
// registers first and put into the tiles later, so that a slice can be fetched while the one before it is multiplied.
//
// What does not change from slice to slice is kept in private variables: compilers do not move it out of the loop by themselves. Loads need no
// bounds of their own: where an index is none of the source's, the value is dropped, and WebGPU promises that reading it does no harm.

// A thread stages LEFT_ROWS rows, LEFT_QUADS neighbouring quads of each. Rows that are one thread's alone (THREADS_N = 1) stay in its registers
// (DIRECT), unless they are to be checked: there the checks would get between the multiplications.
const DIRECT = THREADS_N == 1 && !CHECKED;
const LEFT_QUADS = select(1, TILE_QUADS_K, THREADS_N == 1 && WHOLE_SLICES);
const LEFT_ROWS = TILE_M * TILE_QUADS_K / THREADS / LEFT_QUADS;
// Parts of a quad that may belong to different taps: none where source channels are a multiple of 4.
const LANES = 4 / SOURCE_UNIT;

// Where along K a lane is.
struct Lane {
  tap: u32,
  channel: u32,
}

var<private> lanes: array<Lane, LANES>;
// From slice to slice.
var<private> lane_step: Lane;
// What the masks of rows must have set for the values that were fetched to count.
var<private> lane_bits: array<u32, LANES>;
var<private> row_offsets: array<i32, LEFT_ROWS>;
var<private> row_masks: array<u32, LEFT_ROWS>;
var<private> left_values: array<vec4<element>, LEFT_ROWS * LEFT_QUADS>;
var<private> right_values: array<vec4<element>, select(RIGHT_PUTS, 4 * RIGHT_BLOCKS, RIGHT_TRANSPOSED)>;
// In units of SOURCE_UNIT elements of the weight for the data gradient, of RESULT_UNIT for the forward pass.
var<private> right_first: u32;
var<private> right_step: u32;
var<private> right_last: u32;

// The i-th row that a thread stages.
fn staged_row(thread: u32, i: u32) -> u32 {
  return i * LEFT_ROW_STEP * LEFT_QUADS + thread * LEFT_QUADS / TILE_QUADS_K;
}

fn prepare_staging(thread: u32, row0: u32, rows: u32, column0: u32, depth: u32, extent: vec3u, counts: vec3u) {
  let channels = parameters.source_channels;
  let quad_k = thread % TILE_QUADS_K;
  lane_step = Lane(0, TILE_K);
  if (!WHOLE_SLICES) {
    lane_step = Lane(TILE_K / channels, TILE_K % channels);
    for (var j = 0u; j < LANES; j++) {
      let k = 4 * quad_k + j;
      lanes[j] = Lane(k / channels, k % channels);
    }
  }
  for (var i = 0u; i < LEFT_ROWS; i++) {
    let row = source_row(row0 + staged_row(thread, i), rows, extent, counts);
    row_offsets[i] = row.offset + i32(select(0, quad_k, WHOLE_SLICES && LEFT_QUADS == 1));
    row_masks[i] = row.mask;
  }
  if (DATA_GRADIENT) {
    if (RIGHT_TRANSPOSED) {
      right_first = (column0 + 4 * (thread / TILE_QUADS_K)) * (channels / SOURCE_UNIT) + select(0, quad_k, WHOLE_SLICES);
    } else {
      right_first = (column0 + 4 * (thread % TILE_QUADS_N)) * channels + thread / TILE_QUADS_N;
    }
  } else {
    right_step = parameters.result_channels / RESULT_UNIT;
    let column = (column0 + 4 * (thread % TILE_QUADS_N)) / RESULT_UNIT;
    right_first = (thread / TILE_QUADS_N) * right_step + column;
    right_last = (depth - min(depth, 1)) * right_step + column;
  }
}

fn fetch_left_quad(lane: u32, row: u32, at: i32) {
  left_values[row] = source_quads[at];
}

fn fetch_left_element(lane: u32, row: u32, at: i32) {
  left_values[row][lane] = source[at];
}

fn fetch_right_quad(lane: u32, column: u32, at: u32) {
  right_values[column] = weight_quads[at];
}

fn fetch_right_element(lane: u32, column: u32, at: u32) {
  right_values[column][lane] = weight[at];
}

fn right_row_quad(at: u32) -> vec4<element> {
  return weight_quads[at];
}

fn right_row_elements(at: u32) -> vec4<element> {
  return vec4<element>(weight[at], weight[at + 1], weight[at + 2], weight[at + 3]);
}

fn fetch_left_slice() {
  for (var j = 0u; j < LANES; j++) {
    let tap = taps[min(lanes[j].tap, MAXIMUM_TAPS)];
    let channel = lanes[j].channel / SOURCE_UNIT;
    lane_bits[j] = tap.bits;
    for (var i = 0u; i < LEFT_ROWS; i++) {
      let at = row_offsets[i] + (tap.offset + i32(channel));
      for (var q = 0u; q < LEFT_QUADS; q++) {
        fetch_left(j, i * LEFT_QUADS + q, at + i32(q));
      }
    }
  }
}

// The data gradient reads the weight transposed: weight[tap, n, channel of the source], contiguous along K.
fn fetch_right_columns(start: u32) {
  let units = parameters.source_channels / SOURCE_UNIT;
  for (var j = 0u; j < LANES; j++) {
    let first = right_first + taps[min(lanes[j].tap, MAXIMUM_TAPS)].weight + lanes[j].channel / SOURCE_UNIT;
    for (var i = 0u; i < RIGHT_BLOCKS; i++) {
      for (var c = 0u; c < 4; c++) {
        fetch_right(j, 4 * i + c, first + (i * (4 * (THREADS / TILE_QUADS_K)) + c) * units);
      }
    }
  }
}

// Where there are fewer blocks of it than threads, each thread fetches single elements. Only whole slices.
fn fetch_right_scalars(start: u32) {
  let channels = parameters.source_channels;
  let first = right_first + taps[min(lanes[0].tap, MAXIMUM_TAPS)].weight * SOURCE_UNIT + lanes[0].channel;
  for (var i = 0u; i < RIGHT_PUTS; i++) {
    let at = first + i * RIGHT_ROW_STEP;
    right_values[i] = vec4<element>(weight[at], weight[at + channels], weight[at + 2 * channels], weight[at + 3 * channels]);
  }
}

// The forward pass reads the weight as it lies: [k, n], columns contiguous. Past the last k the left tile has zeros; the right one only must not
// have what might be no number.
fn fetch_right_rows(start: u32) {
  for (var i = 0u; i < RIGHT_PUTS; i++) {
    let at = right_first + (start + i * RIGHT_ROW_STEP) * right_step;
    right_values[i] = load_right_row(select(min(at, right_last), at, WHOLE_SLICES));
  }
}

fn fetch_slice(start: u32) {
  fetch_left_slice();
  fetch_right_slice(start);
}

fn advance_lanes() {
  let channels = parameters.source_channels;
  for (var j = 0u; j < LANES; j++) {
    lanes[j].tap += lane_step.tap;
    lanes[j].channel += lane_step.channel;
    if (lanes[j].channel >= channels) {
      lanes[j].channel -= channels;
      lanes[j].tap++;
    }
  }
}

// Quad `at` of what was fetched, for row `row`.
fn left_quad(row: u32, at: u32) -> vec4<staged> {
  var values = left_values[at];
  if (CHECKED) {
    let mask = row_masks[row];
    if (LANES == 1) {
      values = kept(values, (mask & lane_bits[0]) == lane_bits[0]);
    } else {
      for (var j = 0u; j < LANES; j++) {
        values[j] = select(element(), values[j], (mask & lane_bits[j]) == lane_bits[j]);
      }
    }
  }
  return vec4<staged>(values);
}

fn put_slice(thread: u32) {
  if (RIGHT_TRANSPOSED) {
    var columns: array<vec4<staged>, 4 * RIGHT_BLOCKS>;
    for (var i = 0u; i < 4 * RIGHT_BLOCKS; i++) {
      columns[i] = vec4<staged>(right_values[i]);
    }
    put_right_blocks(thread, columns);
  } else {
    var quads: array<vec4<staged>, RIGHT_PUTS>;
    for (var i = 0u; i < RIGHT_PUTS; i++) {
      quads[i] = vec4<staged>(right_values[i]);
    }
    put_right_rows(quads);
  }
  if (!DIRECT) {
    var quads: array<vec4<staged>, LEFT_PUTS>;
    for (var i = 0u; i < LEFT_PUTS; i++) {
      quads[i] = left_quad(i / LEFT_QUADS, i);
    }
    if (LEFT_QUADS == 1) {
      put_left(quads);
    } else {
      put_left_rows(quads);
    }
  }
}

fn multiply_slice() {
  if (!DIRECT) {
    multiply_tiles();
    return;
  }
  for (var q = 0u; q < LEFT_QUADS; q++) {
    var left: array<vec4f, RESULTS_M>;
    for (var i = 0u; i < RESULTS_M; i++) {
      left[i] = vec4f(left_values[i * LEFT_QUADS + q]);
    }
    add_outer_products(4 * q, left);
  }
}
