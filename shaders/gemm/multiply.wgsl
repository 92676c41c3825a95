// The heart of every matrix product: both tiles lie in workgroup memory, each thread keeps RESULTS_M × RESULTS_N sums in registers.
//
// From the preamble: `staged` (how tiles are kept: f32 or f16), TILE_K, THREADS_M, THREADS_N, RESULTS_M, RESULTS_N (the last two multiples
// of 4). Sums are f32 whatever `staged` is.
//
// Tiles are kept as vec4 along M and N: one wide read feeds four rows or columns, and a tile is written in whole vec4 only (two threads that
// write components of one vec4 would race). A thread's rows come in quads THREADS_M quads apart, so that neighbouring threads read
// neighbouring memory banks; columns likewise.

const THREADS = THREADS_M * THREADS_N;
const TILE_M = THREADS_M * RESULTS_M;
const TILE_N = THREADS_N * RESULTS_N;
const TILE_QUADS_K = TILE_K / 4;
const TILE_QUADS_M = TILE_M / 4;
const TILE_QUADS_N = TILE_N / 4;
const QUADS_M = RESULTS_M / 4;
const QUADS_N = RESULTS_N / 4;
// One vec4 of padding a row: blocks that are transposed on the way in would otherwise all hit the same banks.
const LEFT_PITCH = TILE_QUADS_M + 1;
const RIGHT_PITCH = TILE_QUADS_N + 1;

var<workgroup> left_tile: array<vec4<staged>, TILE_K * LEFT_PITCH>;
var<workgroup> right_tile: array<vec4<staged>, TILE_K * RIGHT_PITCH>;
var<private> sums: array<vec4f, RESULTS_M * QUADS_N>;

// Slices of a tile that are unrolled at once: drivers unroll the inner loop and give up on longer ones.
const UNROLLED = 4u;

// All in one function, with remainders that change nothing: so Tint sees that no index leaves its array, and puts no bounds check into the
// innermost reads.
fn multiply_tiles(thread: u32) {
  let row = (thread / THREADS_N) % THREADS_M;
  let column = thread % THREADS_N;
  for (var step = 0u; step < TILE_K / UNROLLED; step++) {
    for (var slice = 0u; slice < UNROLLED; slice++) {
      let k = step * UNROLLED + slice;
      var right: array<vec4f, QUADS_N>;
      for (var j = 0u; j < QUADS_N; j++) {
        right[j] = vec4f(right_tile[k * RIGHT_PITCH + j * THREADS_N + column]);
      }
      for (var i = 0u; i < QUADS_M; i++) {
        let left = vec4f(left_tile[k * LEFT_PITCH + i * THREADS_M + row]);
        for (var j = 0u; j < QUADS_N; j++) {
          let at = i * 4 * QUADS_N + j;
          sums[at] = fma(vec4f(left.x), right[j], sums[at]);
          sums[at + QUADS_N] = fma(vec4f(left.y), right[j], sums[at + QUADS_N]);
          sums[at + 2 * QUADS_N] = fma(vec4f(left.z), right[j], sums[at + 2 * QUADS_N]);
          sums[at + 3 * QUADS_N] = fma(vec4f(left.w), right[j], sums[at + 3 * QUADS_N]);
        }
      }
    }
  }
}

// Row within the tile of a thread's i-th result (0 … RESULTS_M − 1).
fn row_of(thread: u32, i: u32) -> u32 {
  return 4 * ((i / 4) * THREADS_M + (thread / THREADS_N) % THREADS_M) + i % 4;
}

// First column within the tile of a thread's j-th quad of results.
fn column_of(thread: u32, j: u32) -> u32 {
  return 4 * (j * THREADS_N + thread % THREADS_N);
}

// Puts a 4 × 4 block whose rows run along K (as activations lie in memory) into the left tile.
fn put_left_block(quad_m: u32, quad_k: u32, rows: array<vec4<staged>, 4>) {
  let at = 4 * quad_k * LEFT_PITCH + quad_m;
  left_tile[at] = vec4<staged>(rows[0].x, rows[1].x, rows[2].x, rows[3].x);
  left_tile[at + LEFT_PITCH] = vec4<staged>(rows[0].y, rows[1].y, rows[2].y, rows[3].y);
  left_tile[at + 2 * LEFT_PITCH] = vec4<staged>(rows[0].z, rows[1].z, rows[2].z, rows[3].z);
  left_tile[at + 3 * LEFT_PITCH] = vec4<staged>(rows[0].w, rows[1].w, rows[2].w, rows[3].w);
}

// The same for the right tile: `columns` run along K.
fn put_right_block(quad_n: u32, quad_k: u32, columns: array<vec4<staged>, 4>) {
  let at = 4 * quad_k * RIGHT_PITCH + quad_n;
  right_tile[at] = vec4<staged>(columns[0].x, columns[1].x, columns[2].x, columns[3].x);
  right_tile[at + RIGHT_PITCH] = vec4<staged>(columns[0].y, columns[1].y, columns[2].y, columns[3].y);
  right_tile[at + 2 * RIGHT_PITCH] = vec4<staged>(columns[0].z, columns[1].z, columns[2].z, columns[3].z);
  right_tile[at + 3 * RIGHT_PITCH] = vec4<staged>(columns[0].w, columns[1].w, columns[2].w, columns[3].w);
}
