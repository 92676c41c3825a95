// out[i] = Σ_split partial[split, i]: the second stage of sums that were split between workgroups, in a fixed order. LANES threads share an
// output so that few outputs with many splits still fill the GPU; their sums are combined as a tree.

// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  splits: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

const OUTPUTS = 16u;
const LANES = 16u;

var<workgroup> lanes: array<f32, OUTPUTS * LANES>;

@compute @workgroup_size(OUTPUTS * LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = linear_workgroup(group, groups) * OUTPUTS + thread % OUTPUTS;
  var sum = 0f;
  if (i < parameters.size) {
    for (var split = thread / OUTPUTS; split < parameters.splits; split += LANES) {
      sum += partial[split * parameters.size + i];
    }
  }
  lanes[thread] = sum;
  for (var distance = LANES / 2; distance > 0; distance /= 2) {
    workgroupBarrier();
    if (thread < distance * OUTPUTS) {
      lanes[thread] += lanes[thread + distance * OUTPUTS];
    }
  }
  if (thread < OUTPUTS && i < parameters.size) {
    out[i] = lanes[thread];
  }
}
