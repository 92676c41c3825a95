// The heart of every matrix product: both tiles lie in workgroup memory, each thread keeps RESULTS_M × RESULTS_N sums in registers.
//
// From the preamble: `staged` (how tiles are kept: f32 or f16), TILE_K, THREADS_M, THREADS_N, RESULTS_M, RESULTS_N (TILE_K and the last two
// multiples of 4), LEFT_ALONG_K, DOUBLE_BUFFERED. Sums are f32 whatever `staged` is.
//
// The right tile is kept as vec4 along N; the left one as vec4 along K or along M, whichever way its matrix lies in memory, so that nothing is
// transposed on the way in. Tiles are written in whole vec4 only: two threads that write components of one vec4 would race. A thread's rows and
// quads of columns are THREADS_M and THREADS_N apart, so that neighbouring threads read neighbouring memory banks.
//
// DOUBLE_BUFFERED, there are two of each tile, which slices take in turn: whoever is done with one slice may put the next while others still read the
// last, and one barrier a slice will do instead of two.
//
// Where a thread reads and writes is found once, by `take_places`: compilers do not move it out of loops by themselves. Each use is preceded by a
// minimum that changes nothing, from which Tint sees that no index leaves its array: one instead of a bounds check an access. Components are
// named, not indexed, so that nothing depends on how a driver unrolls.

const THREADS = THREADS_M * THREADS_N;
const TILE_M = THREADS_M * RESULTS_M;
const TILE_N = THREADS_N * RESULTS_N;
const TILE_QUADS_K = TILE_K / 4;
const TILE_QUADS_M = TILE_M / 4;
const TILE_QUADS_N = TILE_N / 4;
const QUADS_M = RESULTS_M / 4;
const QUADS_N = RESULTS_N / 4;
// One vec4 of padding a row of a tile that blocks are transposed into: they would otherwise all hit the same banks.
const LEFT_PITCH = TILE_QUADS_M + 1;
const RIGHT_PITCH = TILE_QUADS_N + select(0, 1, RIGHT_TRANSPOSED);
// Rows along K need no padding: their quads are turned, by one from one 128 bytes to the next.
const ROWS_A_LINE = 8 / min(TILE_QUADS_K, 8);

const LEFT_SIZE = select(TILE_K * LEFT_PITCH, TILE_M * TILE_QUADS_K, LEFT_ALONG_K);
const RIGHT_SIZE = TILE_K * RIGHT_PITCH;
const BUFFERS = select(1u, 2u, DOUBLE_BUFFERED);

var<workgroup> left_tile: array<vec4<staged>, BUFFERS * LEFT_SIZE>;
var<workgroup> right_tile: array<vec4<staged>, BUFFERS * RIGHT_SIZE>;
// Which of the two the present slice is in.
var<private> buffer: u32;
var<private> sums: array<vec4f, RESULTS_M * QUADS_N>;

// In vec4. A thread reads rows and quads of columns that are THREADS_M and THREADS_N apart, from these on; rows along K are turned by `left_turn`.
var<private> left_read: u32;
var<private> left_turn: u32;
var<private> right_read: u32;
// It writes quads that are THREADS apart, from here on: neighbouring quads of a matrix row are neighbouring threads'.
var<private> left_write: u32;
var<private> right_write: u32;

fn take_places(thread: u32) {
  let row = thread / THREADS_N;
  left_read = row * select(1, TILE_QUADS_K, LEFT_ALONG_K);
  left_turn = row / ROWS_A_LINE;
  right_read = thread % THREADS_N;
  if (LEFT_ALONG_K) {
    let written = thread / TILE_QUADS_K;
    left_write = written * TILE_QUADS_K + (thread + written / ROWS_A_LINE) % TILE_QUADS_K;
  } else {
    left_write = thread / TILE_QUADS_M * LEFT_PITCH + thread % TILE_QUADS_M;
  }
  if (RIGHT_TRANSPOSED) {
    right_write = 4 * (thread % TILE_QUADS_K) * RIGHT_PITCH + thread / TILE_QUADS_K;
  } else {
    right_write = thread / TILE_QUADS_N * RIGHT_PITCH + thread % TILE_QUADS_N;
  }
}

// Before a slice is put: everybody must be done with what it replaces.
fn begin_slice() {
  if (DOUBLE_BUFFERED) {
    buffer = 1 - buffer;
  } else {
    workgroupBarrier();
  }
}

// Adds the product of one column of the left tile, the thread's part of which is given, and row k of the right one.
fn add_outer_product(k: u32, left: array<f32, RESULTS_M>) {
  let at = min(right_read, THREADS_N - 1) + (k % TILE_K) * RIGHT_PITCH + min(buffer, BUFFERS - 1) * RIGHT_SIZE;
  var right: array<vec4f, QUADS_N>;
  for (var j = 0u; j < QUADS_N; j++) {
    right[j] = vec4f(right_tile[at + j * THREADS_N]);
  }
  for (var i = 0u; i < RESULTS_M; i++) {
    for (var j = 0u; j < QUADS_N; j++) {
      sums[i * QUADS_N + j] = fma(vec4f(left[i]), right[j], sums[i * QUADS_N + j]);
    }
  }
}

// Four columns at once: rows of the thread, vec4 along K.
fn add_outer_products(k: u32, left: array<vec4f, RESULTS_M>) {
  var x: array<f32, RESULTS_M>;
  var y: array<f32, RESULTS_M>;
  var z: array<f32, RESULTS_M>;
  var w: array<f32, RESULTS_M>;
  for (var i = 0u; i < RESULTS_M; i++) {
    x[i] = left[i].x;
    y[i] = left[i].y;
    z[i] = left[i].z;
    w[i] = left[i].w;
  }
  add_outer_product(k, x);
  add_outer_product(k + 1, y);
  add_outer_product(k + 2, z);
  add_outer_product(k + 3, w);
}

fn multiply_along_k() {
  for (var step = 0u; step < TILE_QUADS_K; step++) {
    let at = min(left_read, (THREADS_M - 1) * TILE_QUADS_K) + (step + left_turn) % TILE_QUADS_K + min(buffer, BUFFERS - 1) * LEFT_SIZE;
    var left: array<vec4f, RESULTS_M>;
    for (var i = 0u; i < RESULTS_M; i++) {
      left[i] = vec4f(left_tile[at + i * THREADS_M * TILE_QUADS_K]);
    }
    add_outer_products(4 * step, left);
  }
}

fn multiply_along_m() {
  for (var step = 0u; step < TILE_QUADS_K; step++) {
    for (var slice = 0u; slice < 4; slice++) {
      let k = 4 * step + slice;
      let at = min(left_read, THREADS_M - 1) + k * LEFT_PITCH + min(buffer, BUFFERS - 1) * LEFT_SIZE;
      var left: array<f32, RESULTS_M>;
      for (var i = 0u; i < QUADS_M; i++) {
        let quad = vec4f(left_tile[at + i * THREADS_M]);
        left[4 * i] = quad.x;
        left[4 * i + 1] = quad.y;
        left[4 * i + 2] = quad.z;
        left[4 * i + 3] = quad.w;
      }
      add_outer_product(k, left);
    }
  }
}

fn multiply_tiles() {
  if (LEFT_ALONG_K) {
    multiply_along_k();
  } else {
    multiply_along_m();
  }
}

// Row within the tile of a thread's i-th result (0 … RESULTS_M − 1).
fn row_of(thread: u32, i: u32) -> u32 {
  let row = thread / THREADS_N;
  return select(4 * ((i / 4) * THREADS_M + row) + i % 4, i * THREADS_M + row, LEFT_ALONG_K);
}

// First column within the tile of a thread's j-th quad of results.
fn column_of(thread: u32, j: u32) -> u32 {
  return 4 * (j * THREADS_N + thread % THREADS_N);
}

// Rows between one quad and the next that a thread puts into the left tile, and how many it puts.
const LEFT_ROW_STEP = THREADS / select(TILE_QUADS_M, TILE_QUADS_K, LEFT_ALONG_K);
const LEFT_PUTS = (TILE_M * TILE_QUADS_K + THREADS - 1) / THREADS;

// Puts a thread's quads into the left tile: the i-th is of row LEFT_ROW_STEP · i + thread / (quads of a row).
fn put_left(quads: array<vec4<staged>, LEFT_PUTS>) {
  const STEP = select(LEFT_ROW_STEP * LEFT_PITCH, THREADS, LEFT_ALONG_K);
  for (var i = 0u; i < LEFT_PUTS; i++) {
    left_tile[min(left_write, STEP - 1) + i * STEP + min(buffer, BUFFERS - 1) * LEFT_SIZE] = quads[i];
  }
}

// The same where a thread has all quads of its rows, which are THREADS apart.
fn put_left_rows(quads: array<vec4<staged>, LEFT_PUTS>) {
  for (var i = 0u; i < LEFT_PUTS / TILE_QUADS_K; i++) {
    for (var q = 0u; q < TILE_QUADS_K; q++) {
      let at = min(left_read, (THREADS_M - 1) * TILE_QUADS_K) + (q + left_turn) % TILE_QUADS_K + min(buffer, BUFFERS - 1) * LEFT_SIZE;
      left_tile[at + i * THREADS * TILE_QUADS_K] = quads[i * TILE_QUADS_K + q];
    }
  }
}

// The same for the right tile, where it is not transposed.
const RIGHT_ROW_STEP = THREADS / TILE_QUADS_N;
const RIGHT_PUTS = (TILE_K + RIGHT_ROW_STEP - 1) / RIGHT_ROW_STEP;

fn put_right_rows(quads: array<vec4<staged>, RIGHT_PUTS>) {
  const STEP = min(RIGHT_ROW_STEP, TILE_K) * RIGHT_PITCH;
  for (var i = 0u; i < RIGHT_PUTS; i++) {
    if (TILE_K % RIGHT_ROW_STEP == 0 || right_write + i * STEP < TILE_K * RIGHT_PITCH) {
      right_tile[min(right_write, STEP - 1) + i * STEP + min(buffer, BUFFERS - 1) * RIGHT_SIZE] = quads[i];
    }
  }
}

// Where it is transposed, a thread puts 4 × 4 blocks whose columns run along K: the i-th of quad (THREADS · i + thread) / TILE_QUADS_K of columns.
const RIGHT_BLOCKS = (TILE_QUADS_N * TILE_QUADS_K + THREADS - 1) / THREADS;

fn put_right_blocks(thread: u32, columns: array<vec4<staged>, 4 * RIGHT_BLOCKS>) {
  const STEP = min(THREADS / TILE_QUADS_K, TILE_QUADS_N);
  for (var i = 0u; i < RIGHT_BLOCKS; i++) {
    if (TILE_QUADS_N * TILE_QUADS_K % THREADS == 0 || i * THREADS + thread < TILE_QUADS_N * TILE_QUADS_K) {
      let at = min(right_write, 4 * (TILE_QUADS_K - 1) * RIGHT_PITCH + STEP - 1) + i * STEP + min(buffer, BUFFERS - 1) * RIGHT_SIZE;
      let a = columns[4 * i];
      let b = columns[4 * i + 1];
      let c = columns[4 * i + 2];
      let d = columns[4 * i + 3];
      right_tile[at] = vec4<staged>(a.x, b.x, c.x, d.x);
      right_tile[at + RIGHT_PITCH] = vec4<staged>(a.y, b.y, c.y, d.y);
      right_tile[at + 2 * RIGHT_PITCH] = vec4<staged>(a.z, b.z, c.z, d.z);
      right_tile[at + 3 * RIGHT_PITCH] = vec4<staged>(a.w, b.w, c.w, d.w);
    }
  }
}
