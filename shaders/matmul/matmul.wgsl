// Batched matrix product out[b, m, n] = Σ_k left[b, m, k] · right[b, k, n], either operand also transposed, tile by tile in workgroup memory.
//
// From the preamble, besides what gemm/multiply.wgsl wants: `element`; TRANSPOSE_LEFT and TRANSPOSE_RIGHT; and the choice between whole-quad and
// single-element memory access, made where the contiguous extents are known to be multiples of 4 or not. Four neighbours along an operand's
// contiguous axis, of which `count` exist:
//   fn loadLeft(index, count) = leftQuad(…) | leftElements(…)
//   fn loadRight(index, count) = rightQuad(…) | rightElements(…)
//   fn storeResult(index, count, value) = storeQuad(…) | storeElements(…)

// #include "common/index.wgsl"
// #include "gemm/multiply.wgsl"

struct Parameters {
  batch: u32,
  rows: u32,
  columns: u32,
  depth: u32,
  tilesM: u32,
  tilesN: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> left: array<element>;
@group(0) @binding(1) var<storage, read> leftQuads: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> right: array<element>;
@group(0) @binding(2) var<storage, read> rightQuads: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> out: array<element>;
@group(0) @binding(3) var<storage, read_write> outQuads: array<vec4<element>>;

fn leftQuad(index: u32, count: u32) -> vec4<staged> {
  return select(vec4<staged>(), vec4<staged>(leftQuads[select(0, index / 4, count > 0)]), count > 0);
}

fn leftElements(index: u32, count: u32) -> vec4<staged> {
  var value: vec4<staged>;
  for (var i = 0u; i < 4; i++) {
    value[i] = select(staged(), staged(left[select(0, index + i, i < count)]), i < count);
  }
  return value;
}

fn rightQuad(index: u32, count: u32) -> vec4<staged> {
  return select(vec4<staged>(), vec4<staged>(rightQuads[select(0, index / 4, count > 0)]), count > 0);
}

fn rightElements(index: u32, count: u32) -> vec4<staged> {
  var value: vec4<staged>;
  for (var i = 0u; i < 4; i++) {
    value[i] = select(staged(), staged(right[select(0, index + i, i < count)]), i < count);
  }
  return value;
}

fn storeQuad(index: u32, count: u32, value: vec4f) {
  if (count > 0) {
    outQuads[index / 4] = vec4<element>(value);
  }
}

fn storeElements(index: u32, count: u32, value: vec4f) {
  for (var i = 0u; i < min(count, 4); i++) {
    out[index + i] = element(value[i]);
  }
}

// How many of the elements from `first` on exist where `size` are there, if the other index is inside at all.
fn countOf(first: u32, size: u32, inside: bool) -> u32 {
  return select(0, size - min(first, size), inside);
}

fn leftAlongK(batch: u32, row: u32, k: u32) -> vec4<staged> {
  let index = (batch * parameters.rows + row) * parameters.depth + k;
  return loadLeft(index, countOf(k, parameters.depth, row < parameters.rows));
}

fn leftAlongM(batch: u32, row: u32, k: u32) -> vec4<staged> {
  let index = (batch * parameters.depth + k) * parameters.rows + row;
  return loadLeft(index, countOf(row, parameters.rows, k < parameters.depth));
}

fn rightAlongK(batch: u32, k: u32, column: u32) -> vec4<staged> {
  let index = (batch * parameters.columns + column) * parameters.depth + k;
  return loadRight(index, countOf(k, parameters.depth, column < parameters.columns));
}

fn rightAlongN(batch: u32, k: u32, column: u32) -> vec4<staged> {
  let index = (batch * parameters.depth + k) * parameters.columns + column;
  return loadRight(index, countOf(column, parameters.columns, k < parameters.depth));
}

fn stageLeft(batch: u32, row0: u32, start: u32, thread: u32) {
  const UNITS = select(TILE_QUADS_M * TILE_QUADS_K, TILE_K * TILE_QUADS_M, TRANSPOSE_LEFT);
  for (var i = 0u; i < (UNITS + THREADS - 1) / THREADS; i++) {
    let unit = i * THREADS + thread;
    if (UNITS % THREADS == 0 || unit < UNITS) {
      if (TRANSPOSE_LEFT) {
        let k = unit / TILE_QUADS_M;
        let quad = unit % TILE_QUADS_M;
        leftTile[k * LEFT_PITCH + quad] = leftAlongM(batch, row0 + 4 * quad, start + k);
      } else {
        let quadK = unit % TILE_QUADS_K;
        let quadM = unit / TILE_QUADS_K;
        let row = row0 + 4 * quadM;
        let k = start + 4 * quadK;
        putLeftBlock(quadM, quadK, array<vec4<staged>, 4>(
          leftAlongK(batch, row, k),
          leftAlongK(batch, row + 1, k),
          leftAlongK(batch, row + 2, k),
          leftAlongK(batch, row + 3, k),
        ));
      }
    }
  }
}

fn stageRight(batch: u32, column0: u32, start: u32, thread: u32) {
  const UNITS = select(TILE_K * TILE_QUADS_N, TILE_QUADS_N * TILE_QUADS_K, TRANSPOSE_RIGHT);
  for (var i = 0u; i < (UNITS + THREADS - 1) / THREADS; i++) {
    let unit = i * THREADS + thread;
    if (UNITS % THREADS == 0 || unit < UNITS) {
      if (TRANSPOSE_RIGHT) {
        let quadK = unit % TILE_QUADS_K;
        let quadN = unit / TILE_QUADS_K;
        let column = column0 + 4 * quadN;
        let k = start + 4 * quadK;
        putRightBlock(quadN, quadK, array<vec4<staged>, 4>(
          rightAlongK(batch, k, column),
          rightAlongK(batch, k, column + 1),
          rightAlongK(batch, k, column + 2),
          rightAlongK(batch, k, column + 3),
        ));
      } else {
        let k = unit / TILE_QUADS_N;
        let quad = unit % TILE_QUADS_N;
        rightTile[k * RIGHT_PITCH + quad] = rightAlongN(batch, start + k, column0 + 4 * quad);
      }
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_workgroup(group, groups);
  let tiles = parameters.tilesM * parameters.tilesN;
  let batch = index / tiles;
  if (batch >= parameters.batch) {
    return;
  }
  let row0 = ((index % tiles) / parameters.tilesN) * TILE_M;
  let column0 = (index % parameters.tilesN) * TILE_N;
  for (var start = 0u; start < parameters.depth; start += TILE_K) {
    workgroupBarrier();
    stageLeft(batch, row0, start, thread);
    stageRight(batch, column0, start, thread);
    workgroupBarrier();
    multiplyTiles(thread);
  }
  for (var i = 0u; i < RESULTS_M; i++) {
    let row = row0 + rowOf(thread, i);
    for (var j = 0u; j < QUADS_N; j++) {
      let column = column0 + columnOf(thread, j);
      let at = (batch * parameters.rows + row) * parameters.columns + column;
      storeResult(at, countOf(column, parameters.columns, row < parameters.rows), sums[i * QUADS_N + j]);
    }
  }
}
