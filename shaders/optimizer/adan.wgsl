// One step of Adan as adan-pytorch 0.1, four parameters a thread. The first step only keeps the gradient, and decays.
// #include "common/index.wgsl"
// #include "common/math.wgsl"

struct Parameters {
  size: u32,
  // The shares of what is new, and ln(1 − share): 1 − (1 − share)ᵗ is −(e^(t · ln(1 − share)) − 1), without the loss of digits of a difference.
  share_1: f32,
  share_2: f32,
  share_3: f32,
  log_keep_1: f32,
  log_keep_2: f32,
  log_keep_3: f32,
  epsilon: f32,
  weight_decay: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> control: array<f32>;
@group(0) @binding(3) var<storage, read> learning_rate: array<f32>;
@group(0) @binding(4) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> previous: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> difference: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> second_moment: array<vec4<f32>>;

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
  let rate = learning_rate[0];
  let before = values[group];
  let slope = gradient[group] * control[1];
  let slope_before = previous[group];
  previous[group] = merge_tail(slope, slope_before, left);
  var value = before;
  let steps = control[6];
  if (steps != 1.0) {
    let change = slope - slope_before;
    let first_before = first_moment[group];
    let difference_before = difference[group];
    let second_before = second_moment[group];
    let foreseen = slope + (1.0 - parameters.share_2) * change;
    let first = first_before + parameters.share_1 * (slope - first_before);
    let moved = difference_before + parameters.share_2 * (change - difference_before);
    let second = second_before + parameters.share_3 * (foreseen * foreseen - second_before);
    first_moment[group] = merge_tail(first, first_before, left);
    difference[group] = merge_tail(moved, difference_before, left);
    second_moment[group] = merge_tail(second, second_before, left);
    let logs = vec4<f32>(parameters.log_keep_1, parameters.log_keep_2, parameters.log_keep_3, 0.0);
    let correction = -exp_minus_one(steps * logs);
    let direction = first / correction.x + (1.0 - parameters.share_2) * moved / correction.y;
    value -= rate * direction / (sqrt(second / correction.z) + parameters.epsilon);
  }
  values[group] = merge_tail(value / (1.0 + parameters.weight_decay * rate), before, left);
}
