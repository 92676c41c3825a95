// Running sums along the middle axis of [outer, length, inner] within chunks of 1024 elements, one a workgroup, and the total of each chunk:
// the first of the three steps for long rows. A thread adds up four elements, then the threads' totals are scanned (Hillis and Steele).
// #include "common/index.wgsl"

struct Parameters {
  // outer · inner
  rows: u32,
  length: u32,
  inner: u32,
  reverse: u32,
  // Chunks of a row.
  chunks: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;
// [rows, chunks]
@group(0) @binding(3) var<storage, read_write> totals: array<f32>;

var<workgroup> scanned: array<array<f32, 256>, 2>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(workgroup, workgroups);
  let row = group / parameters.chunks;
  let chunk = group - row * parameters.chunks;
  let outer = row / parameters.inner;
  let first = outer * parameters.length * parameters.inner + (row - outer * parameters.inner);
  let begin = chunk * 1024u + local * 4u;
  let end = select(0u, parameters.length, row < parameters.rows);

  var sums = vec4<f32>(0.0);
  var sum = 0.0;
  for (var k = 0u; k < 4u; k++) {
    if (begin + k < end) {
      sum += x[first + direct(begin + k) * parameters.inner];
    }
    sums[k] = sum;
  }
  scanned[0][local] = sum;
  var newest = 0u;
  for (var reach = 1u; reach < 256u; reach *= 2u) {
    workgroupBarrier();
    var joined = scanned[newest][local];
    if (local >= reach) {
      joined += scanned[newest][local - reach];
    }
    scanned[1u - newest][local] = joined;
    newest = 1u - newest;
  }
  workgroupBarrier();
  var before = 0.0;
  if (local > 0u) {
    before = scanned[newest][local - 1u];
  }
  for (var k = 0u; k < 4u; k++) {
    if (begin + k < end) {
      results[first + direct(begin + k) * parameters.inner] = before + sums[k];
    }
  }
  if (local == 255u && row < parameters.rows) {
    totals[group] = scanned[newest][255];
  }
}

fn direct(step: u32) -> u32 {
  return select(step, parameters.length - 1u - step, parameters.reverse != 0u);
}
