// Reduces the middle axis of [outer, reduced, inner], or a stretch of it (chunk) where it is long. A workgroup takes a few neighbouring outputs
// (columns); several threads (rows) share each, every rows-th element a thread, and are then joined in pairs. The order is set by the shape alone.
// The preamble has `element`, `value` (what is computed in), `result`, and the functions start, prepare, combine and finish.
// #include "common/index.wgsl"

struct Parameters {
  // outer · inner
  outputs: u32,
  reduced: u32,
  inner: u32,
  // 256 threads: columns · rows.
  rows: u32,
  // Neighbouring threads are neighbours along the reduced axis.
  rows_neighbour: u32,
  // Elements of a chunk, and how many chunks there are.
  chunk: u32,
  chunks: u32,
  // Workgroups that cover all outputs.
  blocks: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<element>;
// [outer, chunks, inner]
@group(0) @binding(2) var<storage, read_write> results: array<result>;

// Elements that a thread joins before it adds them to the rest: rounding errors grow with the length of a chain, and with this no chain is long.
const RUN = 8u;

var<workgroup> partial: array<value, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_workgroup(workgroup, workgroups);
  let chunk = group / parameters.blocks;
  let rows = parameters.rows;
  let columns = 256u / rows;
  let rows_neighbour = parameters.rows_neighbour != 0u;
  // Neighbouring threads read neighbouring elements: along the reduced axis where the inner one is short.
  let row = select(local / columns, local % rows, rows_neighbour);
  let column = select(local % columns, local / rows, rows_neighbour);
  let output = (group - chunk * parameters.blocks) * columns + column;
  let outer = output / parameters.inner;
  let i = output - outer * parameters.inner;
  let used = output < parameters.outputs && chunk < parameters.chunks;

  var total = start();
  if (used) {
    let end = min((chunk + 1u) * parameters.chunk, parameters.reduced);
    var position = chunk * parameters.chunk + row;
    while (position < end) {
      var run = start();
      let run_end = min(position + RUN * rows, end);
      for (; position < run_end; position += rows) {
        run = combine(run, prepare(value(x[(outer * parameters.reduced + position) * parameters.inner + i])));
      }
      total = combine(total, run);
    }
  }
  let slot = row * columns + column;
  partial[slot] = total;
  workgroupBarrier();
  for (var half = rows / 2u; half > 0u; half /= 2u) {
    if (row < half) {
      partial[slot] = combine(partial[slot], partial[slot + half * columns]);
    }
    workgroupBarrier();
  }
  if (used && row == 0u) {
    results[(outer * parameters.chunks + chunk) * parameters.inner + i] = result(finish(partial[slot]));
  }
}
