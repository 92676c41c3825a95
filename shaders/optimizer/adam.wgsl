// One step of Adam or AdamW as torch.optim, four parameters a thread. The preamble has
// `fn largest_second_moment(second: vec4<f32>, group: u32, left: u32) -> vec4<f32>`, which for AMSGrad keeps the largest so far.
// #include "common/index.wgsl"
// #include "common/math.wgsl"

struct Parameters {
  size: u32,
  // 1 − beta and ln beta of both moments: 1 − betaᵗ is −(e^(t · ln beta) − 1), without the loss of digits of a difference.
  share_1: f32,
  share_2: f32,
  log_beta_1: f32,
  log_beta_2: f32,
  epsilon: f32,
  weight_decay: f32,
  decoupled: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> control: array<f32>;
@group(0) @binding(3) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let group = linear_invocation(workgroup, workgroups, local, 256u);
  let start = group * 4u;
  if (start >= parameters.size || control[2] != 0.0) {
    return;
  }
  let left = parameters.size - start;
  let before = values[group];
  var value = before;
  var slope = gradient[group] * control[1];
  if (parameters.decoupled != 0u) {
    value *= 1.0 - learning_rate[0] * parameters.weight_decay;
  } else {
    slope += parameters.weight_decay * value;
  }

  let first_before = first_moment[group];
  let second_before = second_moment[group];
  let first = first_before + parameters.share_1 * (slope - first_before);
  let second = second_before + parameters.share_2 * (slope * slope - second_before);
  first_moment[group] = merge_tail(first, first_before, left);
  second_moment[group] = merge_tail(second, second_before, left);

  let steps = control[6];
  let correction = -exp_minus_one(vec4<f32>(steps * parameters.log_beta_1, steps * parameters.log_beta_2, 0.0, 0.0));
  let spread = sqrt(largest_second_moment(second, group, left)) / sqrt(correction.y) + parameters.epsilon;
  values[group] = merge_tail(value - (learning_rate[0] / correction.x) * (first / spread), before, left);
}
