// Second stage of the gradient, one invocation an (n, channel). From sums [n, 2, c] (Σ g and Σ g · x̂ over space):
//   means [n, 2, c]: over the channel's group, the means of g · weight and of g · weight · x̂, which the gradient of x subtracts;
//   dweight [c] and dbias [c]: the sums over n.

// #include "instance-norm/rows.wgsl"

@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32>;
@group(0) @binding(5) var<storage, read_write> dbias: array<f32>;

fn weight_at(channel: u32) -> f32 {
  if (parameters.has_weight != 0) {
    return weight[channel];
  }
  return 1;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_invocation(group, groups, thread, THREADS);
  let channels = parameters.channels;
  if (index >= parameters.batch * channels) {
    return;
  }
  let batch = index / channels;
  let channel = index % channels;
  let per_group = channels / parameters.groups;
  let first = channel / per_group * per_group;
  var sum = 0f;
  var product = 0f;
  for (var c = first; c < first + per_group; c++) {
    sum += sums[batch * 2 * channels + c] * weight_at(c);
    product += sums[(batch * 2 + 1) * channels + c] * weight_at(c);
  }
  let size = f32(parameters.space) * f32(per_group);
  means[batch * 2 * channels + channel] = sum / size;
  means[(batch * 2 + 1) * channels + channel] = product / size;
  if (batch > 0) {
    return;
  }
  var total = vec2f();
  for (var n = 0u; n < parameters.batch; n++) {
    total += vec2f(sums[n * 2 * channels + channel], sums[(n * 2 + 1) * channels + channel]);
  }
  if (parameters.has_bias != 0) {
    dbias[channel] = total.x;
  }
  if (parameters.has_weight != 0) {
    dweight[channel] = total.y;
  }
}
