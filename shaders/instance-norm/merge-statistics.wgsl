// Second stage of the statistics: one workgroup an (n, group) merges the parts of its channels and tiles, in a fixed order.
// `partial` is [n, tile, 2, channels].

// #include "instance-norm/rows.wgsl"
// #include "instance-norm/moments.wgsl"

@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> inverse_deviation: array<f32>;

var<workgroup> parts: array<Moments, THREADS>;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = linear_workgroup(group, groups);
  if (index >= parameters.batch * parameters.groups) {
    return;
  }
  let per_group = parameters.channels / parameters.groups;
  let first = (index % parameters.groups) * per_group;
  var moments: Moments;
  for (var i = thread; i < parameters.tiles * per_group; i += THREADS) {
    let tile = i / per_group;
    let rows = min(parameters.rows_per_tile, parameters.space - tile * parameters.rows_per_tile);
    let at = ((index / parameters.groups) * parameters.tiles + tile) * 2 * parameters.channels + first + i % per_group;
    moments = merge(moments, Moments(f32(rows), partial[at], partial[at + parameters.channels]));
  }
  parts[thread] = moments;
  for (var distance = THREADS / 2u; distance > 0; distance /= 2) {
    workgroupBarrier();
    if (thread < distance) {
      parts[thread] = merge(parts[thread], parts[thread + distance]);
    }
  }
  if (thread == 0) {
    mean[index] = parts[0].mean;
    inverse_deviation[index] = inverseSqrt(parts[0].squares / parts[0].count + parameters.epsilon);
  }
}
