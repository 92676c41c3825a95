// gemm/multiply.wgsl by subgroup matrices: whole subgroups multiply MATRIX_M × MATRIX_K by MATRIX_K × MATRIX_N pieces of the tiles in what GPUs have for
// it (tensor cores, XMX). Products of f16 are summed in f32. It has the same functions and constants, for whoever fills the tiles and takes the sums.
//
// Besides what gemm/multiply.wgsl wants from the preamble (`staged` is f16; LEFT_ALONG_K is true; a product has two tiles, DOUBLE_BUFFERED or not):
// MATRIX_M, MATRIX_N, MATRIX_K, one of the configurations that the adapter lists, and SUBGROUP, the invocations of a subgroup.
//
// Tiles are plain rows of f16 here: how a subgroup spreads a matrix over its invocations is the GPU's own matter.

const THREADS = THREADS_M * THREADS_N;
const TILE_M = THREADS_M * RESULTS_M;
const TILE_N = THREADS_N * RESULTS_N;
const TILE_QUADS_K = TILE_K / 4;
const TILE_QUADS_N = TILE_N / 4;
const QUADS_N = RESULTS_N / 4;
const LEFT_SIZE = TILE_M * TILE_K;
const RIGHT_SIZE = TILE_K * TILE_N;
const BUFFERS = select(1u, 2u, DOUBLE_BUFFERED);

// Each subgroup has some of the rows of matrices, and all their columns.
const MATRIX_ROWS = TILE_M / MATRIX_M / (THREADS / SUBGROUP);
const MATRIX_COLUMNS = TILE_N / MATRIX_N;

var<workgroup> left_tile: array<f16, BUFFERS * LEFT_SIZE>;
var<workgroup> right_tile: array<f16, BUFFERS * RIGHT_SIZE>;
var<workgroup> sum_tile: array<f32, TILE_M * TILE_N>;
var<private> buffer: u32;
var<private> sums: array<vec4f, RESULTS_M * QUADS_N>;
// A subgroup's sums. WGSL keeps such matrices in functions only, so whoever multiplies hands them on.
alias Products = array<subgroup_matrix_result<f32, MATRIX_N, MATRIX_M>, MATRIX_ROWS * MATRIX_COLUMNS>;

var<private> own_thread: u32;
// The first row of the tile that the thread's subgroup has.
var<private> own_first_row: u32;

fn take_places(thread: u32) {
  own_thread = thread;
  own_first_row = thread / SUBGROUP * MATRIX_ROWS * MATRIX_M;
}

// Before a slice is put: everybody must be done with what it replaces.
fn begin_slice() {
  if (DOUBLE_BUFFERED) {
    buffer = 1 - buffer;
  } else {
    workgroupBarrier();
  }
}

fn multiply_matrices(products: ptr<function, Products>) {
  let first_row = subgroupBroadcastFirst(own_first_row);
  let left_base = min(buffer, BUFFERS - 1) * LEFT_SIZE;
  let right_base = min(buffer, BUFFERS - 1) * RIGHT_SIZE;
  for (var k = 0u; k < TILE_K; k += MATRIX_K) {
    for (var r = 0u; r < MATRIX_ROWS; r++) {
      let left_at = left_base + (first_row + r * MATRIX_M) * TILE_K + k;
      let left = subgroupMatrixLoad<subgroup_matrix_left<f16, MATRIX_K, MATRIX_M>>(&left_tile, left_at, false, TILE_K);
      for (var c = 0u; c < MATRIX_COLUMNS; c++) {
        let right = load_right_matrix(right_base, k, c * MATRIX_N);
        let at = r * MATRIX_COLUMNS + c;
        products[at] = subgroupMatrixMultiplyAccumulate(left, right, products[at]);
      }
    }
  }
}

// A transposed tile has the columns of the product as its rows.
fn load_right_matrix(base: u32, k: u32, n: u32) -> subgroup_matrix_right<f16, MATRIX_N, MATRIX_K> {
  if (RIGHT_TRANSPOSED) {
    return subgroupMatrixLoad<subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>>(&right_tile, base + n * TILE_K + k, true, TILE_K);
  }
  return subgroupMatrixLoad<subgroup_matrix_right<f16, MATRIX_N, MATRIX_K>>(&right_tile, base + k * TILE_N + n, false, TILE_N);
}

// After the last slice: hands each thread its sums.
fn finish_sums(thread: u32, products: ptr<function, Products>) {
  let first_row = subgroupBroadcastFirst(own_first_row);
  for (var r = 0u; r < MATRIX_ROWS; r++) {
    for (var c = 0u; c < MATRIX_COLUMNS; c++) {
      let at = (first_row + r * MATRIX_M) * TILE_N + c * MATRIX_N;
      subgroupMatrixStore(&sum_tile, at, products[r * MATRIX_COLUMNS + c], false, TILE_N);
    }
  }
  workgroupBarrier();
  for (var i = 0u; i < RESULTS_M; i++) {
    for (var j = 0u; j < QUADS_N; j++) {
      let at = row_of(thread, i) * TILE_N + column_of(thread, j);
      sums[i * QUADS_N + j] = vec4f(sum_tile[at], sum_tile[at + 1], sum_tile[at + 2], sum_tile[at + 3]);
    }
  }
}

// gemm/parts.wgsl in the tile of sums, which is done with once threads have theirs.
fn put_part(thread: u32, part: vec4f) {
  for (var i = 0u; i < 4; i++) {
    sum_tile[4 * thread + i] = part[i];
  }
}

fn part_at(thread: u32) -> vec4f {
  return vec4f(sum_tile[4 * thread], sum_tile[4 * thread + 1], sum_tile[4 * thread + 2], sum_tile[4 * thread + 3]);
}

// Row within the tile of a thread's i-th result (0 … RESULTS_M − 1).
fn row_of(thread: u32, i: u32) -> u32 {
  return i * THREADS_M + thread / THREADS_N;
}

// First column within the tile of a thread's j-th quad of results.
fn column_of(thread: u32, j: u32) -> u32 {
  return 4 * (j * THREADS_N + thread % THREADS_N);
}

const LEFT_ROW_STEP = THREADS / TILE_QUADS_K;
const LEFT_PUTS = (TILE_M * TILE_QUADS_K + THREADS - 1) / THREADS;
const RIGHT_ROW_STEP = THREADS / TILE_QUADS_N;
const RIGHT_PUTS = (TILE_K + RIGHT_ROW_STEP - 1) / RIGHT_ROW_STEP;
const RIGHT_BLOCKS = (TILE_QUADS_N * TILE_QUADS_K + THREADS - 1) / THREADS;

fn put_left_quad(at: u32, quad: vec4<staged>) {
  for (var c = 0u; c < 4; c++) {
    left_tile[min(buffer, BUFFERS - 1) * LEFT_SIZE + min(at, LEFT_SIZE - 4) + c] = quad[c];
  }
}

fn put_right_quad(at: u32, quad: vec4<staged>) {
  for (var c = 0u; c < 4; c++) {
    right_tile[min(buffer, BUFFERS - 1) * RIGHT_SIZE + min(at, RIGHT_SIZE - 4) + c] = quad[c];
  }
}

// Quads are put in the order of the tile: the i-th of a thread is THREADS quads after the one before.
fn put_left(quads: array<vec4<staged>, LEFT_PUTS>) {
  for (var i = 0u; i < LEFT_PUTS; i++) {
    put_left_quad(4 * (own_thread + i * THREADS), quads[i]);
  }
}

fn put_right_rows(quads: array<vec4<staged>, RIGHT_PUTS>) {
  for (var i = 0u; i < RIGHT_PUTS; i++) {
    if (TILE_K % RIGHT_ROW_STEP == 0 || 4 * (own_thread + i * THREADS) < RIGHT_SIZE) {
      put_right_quad(4 * (own_thread + i * THREADS), quads[i]);
    }
  }
}

fn put_right_blocks(thread: u32, columns: array<vec4<staged>, 4 * RIGHT_BLOCKS>) {
  for (var i = 0u; i < RIGHT_BLOCKS; i++) {
    let block = i * THREADS + thread;
    if (block < TILE_QUADS_N * TILE_QUADS_K) {
      for (var c = 0u; c < 4; c++) {
        put_right_quad((4 * (block / TILE_QUADS_K) + c) * TILE_K + 4 * (block % TILE_QUADS_K), columns[4 * i + c]);
      }
    }
  }
}

// What conv3d/staging.wgsl has for threads with rows of their own, which there are none of here.
fn put_left_rows(quads: array<vec4<staged>, LEFT_PUTS>) {}
fn add_outer_products(k: u32, left: array<vec4f, RESULTS_M>) {}
fn multiply_tiles() {}
