// The index of the first largest or smallest element along the middle axis of [outer, reduced, inner]; NaN beats all. Threads are laid out as in
// reduce.wgsl. The preamble has `element`, `value` and `fn beats(a: value, b: value) -> bool`.
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
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<element>;
@group(0) @binding(2) var<storage, read_write> results: array<i32>;

var<workgroup> best_values: array<value, 256>;
var<workgroup> best_indices: array<u32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let rows = parameters.rows;
  let columns = 256u / rows;
  let rows_neighbour = parameters.rows_neighbour != 0u;
  let row = select(local / columns, local % rows, rows_neighbour);
  let column = select(local % columns, local / rows, rows_neighbour);
  let output = linear_workgroup(workgroup, workgroups) * columns + column;
  let used = output < parameters.outputs;
  let outer = output / parameters.inner;
  let first = outer * parameters.reduced * parameters.inner + (output - outer * parameters.inner);

  // Threads beyond the end of the axis hold its first element, which changes nothing.
  var index = select(0u, row, row < parameters.reduced);
  var best = value();
  if (used) {
    best = value(x[first + index * parameters.inner]);
    for (var position = row + rows; position < parameters.reduced; position += rows) {
      let candidate = value(x[first + position * parameters.inner]);
      if (beats(candidate, best)) {
        best = candidate;
        index = position;
      }
    }
  }
  let slot = row * columns + column;
  best_values[slot] = best;
  best_indices[slot] = index;
  workgroupBarrier();
  for (var half = rows / 2u; half > 0u; half /= 2u) {
    if (row < half) {
      let other = slot + half * columns;
      let earlier = best_indices[other] < best_indices[slot] && !beats(best_values[slot], best_values[other]);
      if (earlier || beats(best_values[other], best_values[slot])) {
        best_values[slot] = best_values[other];
        best_indices[slot] = best_indices[other];
      }
    }
    workgroupBarrier();
  }
  if (used && row == 0u) {
    results[output] = i32(best_indices[slot]);
  }
}
