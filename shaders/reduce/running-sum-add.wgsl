// The last of the three steps of running sums along long rows: adds to every chunk of 1024 elements the total of the chunks before it.
// #include "common/index.wgsl"

struct Parameters {
  // Elements in all.
  size: u32,
  length: u32,
  inner: u32,
  reverse: u32,
  // Chunks of a row.
  chunks: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
// [rows, chunks], summed up along the chunks
@group(0) @binding(1) var<storage, read> totals: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = linear_invocation(workgroup, workgroups, local, 256u);
  if (place >= parameters.size) {
    return;
  }
  let line = place / parameters.inner;
  let outer = line / parameters.length;
  let position = line - outer * parameters.length;
  let row = outer * parameters.inner + (place - line * parameters.inner);
  let chunk = select(position, parameters.length - 1u - position, parameters.reverse != 0u) / 1024u;
  if (chunk > 0u) {
    results[place] += totals[row * parameters.chunks + chunk - 1u];
  }
}
