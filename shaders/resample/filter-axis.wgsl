// Correlation of every (n, c) volume with its own taps along one axis, edges mirrored without repeating the edge voxel.
// #include "common/index.wgsl"

struct Parameters {
  count: u32,
  // Extent of the axis, and elements behind it (channels included).
  extent: u32,
  inner: u32,
  channels: u32,
  // Elements of one sample.
  sample: u32,
  length: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> taps: array<f32>;
@group(0) @binding(3) var<storage, read_write> results: array<f32>;

fn mirrored(i: i32, extent: i32) -> i32 {
  if (extent == 1) {
    return 0;
  }
  let period = 2 * (extent - 1);
  let folded = ((i % period) + period) % period;
  return select(period - folded, folded, folded < extent);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let place = linear_invocation(workgroup, workgroups, local, 256u);
  if (place >= parameters.count) {
    return;
  }
  let row = place / parameters.inner;
  let i = i32(row % parameters.extent);
  let base = (row - u32(i)) * parameters.inner + place % parameters.inner;
  let first = ((place / parameters.sample) * parameters.channels + place % parameters.channels) * parameters.length;
  let reach = i32(parameters.length / 2u);
  var total = 0.0;
  for (var k = 0; k < i32(parameters.length); k++) {
    let nearby = mirrored(i + k - reach, i32(parameters.extent));
    total += taps[first + u32(k)] * x[base + u32(nearby) * parameters.inner];
  }
  results[place] = total;
}
