// One step of stochastic gradient descent as torch.optim.SGD, four parameters a thread.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  momentum: f32,
  // 1 − dampening.
  share: f32,
  weight_decay: f32,
  nesterov: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> control: array<f32>;
@group(0) @binding(3) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> momentum: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_invocation(workgroup, workgroups, local, 256u);
  let first = group * 4u;
  if (first >= parameters.size || control[2] != 0.0) {
    return;
  }
  let left = parameters.size - first;
  let value = values[group];
  var step = gradient[group] * control[1] + parameters.weight_decay * value;
  if (parameters.momentum != 0.0) {
    let before = momentum[group];
    // The first step that is taken sets the buffer, which may hold anything, infinities included.
    let moved = select(parameters.momentum * before + parameters.share * step, step, control[6] == 1.0);
    momentum[group] = merge_tail(moved, before, left);
    step = select(moved, step + parameters.momentum * moved, parameters.nesterov != 0u);
  }
  values[group] = merge_tail(value - learning_rate[0] * step, value, left);
}
