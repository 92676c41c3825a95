// How a workgroup of conv3d/gemm fills its tiles: the left one gathered from the source, the right one from the weight.

// TILE_K elements of the rows: where they start, the tap they start in, and the channel of it.
struct Slice {
  start: u32,
  tap: u32,
  channel: u32,
}

// Four rows, four elements of each, which belong to one tap since source channels are a multiple of 4.
fn gather_quads(offsets: vec4i, masks: vec4u, slice: Slice, quad_k: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quad_k;
  if (!WHOLE_SLICES) {
    index += channel / parameters.source_channels;
    channel %= parameters.source_channels;
  }
  let tap = taps[min(index, MAXIMUM_TAPS)];
  let inside = (masks & vec4u(tap.bits)) == vec4u(tap.bits);
  let at = select(vec4i(0), offsets + (tap.offset + i32(channel / 4)), inside);
  return array<vec4<staged>, 4>(
    select(vec4<staged>(), vec4<staged>(source_quads[at.x]), inside.x),
    select(vec4<staged>(), vec4<staged>(source_quads[at.y]), inside.y),
    select(vec4<staged>(), vec4<staged>(source_quads[at.z]), inside.z),
    select(vec4<staged>(), vec4<staged>(source_quads[at.w]), inside.w),
  );
}

// The same for any number of channels: each element finds its own tap.
fn gather_elements(offsets: vec4i, masks: vec4u, slice: Slice, quad_k: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.source_channels;
  var rows: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quad_k + i;
    let tap = taps[min(slice.tap + channel / channels, MAXIMUM_TAPS)];
    let inside = (masks & vec4u(tap.bits)) == vec4u(tap.bits);
    let at = select(vec4i(0), offsets + (tap.offset + i32(channel % channels)), inside);
    rows[0][i] = select(staged(), staged(source[at.x]), inside.x);
    rows[1][i] = select(staged(), staged(source[at.y]), inside.y);
    rows[2][i] = select(staged(), staged(source[at.z]), inside.z);
    rows[3][i] = select(staged(), staged(source[at.w]), inside.w);
  }
  return rows;
}

fn stage_left(slice: Slice, thread: u32) {
  const BLOCKS = TILE_QUADS_M * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quad_k = block % TILE_QUADS_K;
      let quad_m = block / TILE_QUADS_K;
      put_left_block(quad_m, quad_k, gather_left(row_offsets[quad_m], row_masks[quad_m], slice, quad_k));
    }
  }
}

// The right tile needs no zeros: past the last k the left one has them, and columns past the last are not stored. There it only must not read
// what might be no number.

// The forward pass reads the weight as it lies: [k, n], columns contiguous.
fn stage_right_rows(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const ROWS_AT_ONCE = THREADS / TILE_QUADS_N;
  let quad = thread % TILE_QUADS_N;
  let first = thread / TILE_QUADS_N;
  let at = first * parameters.result_channels + column0 + 4 * quad;
  for (var i = 0u; i < (TILE_K + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; i++) {
    let row = first + i * ROWS_AT_ONCE;
    if (TILE_K % ROWS_AT_ONCE == 0 || row < TILE_K) {
      var k = slice.start + i * ROWS_AT_ONCE;
      if (!WHOLE_SLICES) {
        k = min(k + first, depth - 1) - first;
      }
      right_tile[row * RIGHT_PITCH + quad] = load_right_row(at + k * parameters.result_channels);
    }
  }
}

fn right_row_quad(at: u32) -> vec4<staged> {
  return vec4<staged>(weight_quads[at / 4]);
}

fn right_row_elements(at: u32) -> vec4<staged> {
  return vec4<staged>(vec4<element>(weight[at], weight[at + 1], weight[at + 2], weight[at + 3]));
}

// The data gradient reads it transposed: weight[tap, n, channel of the source], contiguous along k.
fn stage_right_columns(slice: Slice, column0: u32, depth: u32, thread: u32) {
  const BLOCKS = TILE_QUADS_N * TILE_QUADS_K;
  for (var i = 0u; i < (BLOCKS + THREADS - 1) / THREADS; i++) {
    let block = i * THREADS + thread;
    if (BLOCKS % THREADS == 0 || block < BLOCKS) {
      let quad_k = block % TILE_QUADS_K;
      let quad_n = block / TILE_QUADS_K;
      put_right_block(quad_n, quad_k, load_right_columns(slice, quad_k, column0 + 4 * quad_n));
    }
  }
}

fn right_column_quads(slice: Slice, quad_k: u32, column: u32) -> array<vec4<staged>, 4> {
  var index = slice.tap;
  var channel = slice.channel + 4 * quad_k;
  if (!WHOLE_SLICES) {
    index += channel / parameters.source_channels;
    channel %= parameters.source_channels;
  }
  let quads = parameters.source_channels / 4;
  let tap = taps[min(index, MAXIMUM_TAPS)].index;
  let at = (tap * parameters.result_channels + column) * quads + channel / 4;
  return array<vec4<staged>, 4>(
    vec4<staged>(weight_quads[at]),
    vec4<staged>(weight_quads[at + quads]),
    vec4<staged>(weight_quads[at + 2 * quads]),
    vec4<staged>(weight_quads[at + 3 * quads]),
  );
}

fn right_column_elements(slice: Slice, quad_k: u32, column: u32) -> array<vec4<staged>, 4> {
  let channels = parameters.source_channels;
  var columns: array<vec4<staged>, 4>;
  for (var i = 0u; i < 4; i++) {
    let channel = slice.channel + 4 * quad_k + i;
    let tap = taps[min(slice.tap + channel / channels, MAXIMUM_TAPS)].index;
    let at = (tap * parameters.result_channels + column) * channels + channel % channels;
    columns[0][i] = staged(weight[at]);
    columns[1][i] = staged(weight[at + channels]);
    columns[2][i] = staged(weight[at + 2 * channels]);
    columns[3][i] = staged(weight[at + 3 * channels]);
  }
  return columns;
}
