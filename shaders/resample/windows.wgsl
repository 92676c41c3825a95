// Pooling windows over [n, d, h, w, c]. The preamble has `const MAX: bool` and `element`, the type that x, dy and the results are stored in.

// #include "common/math.wgsl"

struct PoolParameters {
  count: u32,
  depth: u32,
  height: u32,
  width: u32,
  channels: u32,
  pooled_depth: u32,
  pooled_height: u32,
  pooled_width: u32,
  kernel_depth: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_depth: u32,
  stride_height: u32,
  stride_width: u32,
  padding_depth: u32,
  padding_height: u32,
  padding_width: u32,
  // Average: whether voxels of the padding count.
  count_padding: u32,
}

@group(0) @binding(0) var<uniform> parameters: PoolParameters;
@group(0) @binding(1) var<storage, read> x: array<element>;

fn extents() -> vec3<i32> {
  return vec3<i32>(vec3<u32>(parameters.depth, parameters.height, parameters.width));
}

fn pooled_extents() -> vec3<i32> {
  return vec3<i32>(vec3<u32>(parameters.pooled_depth, parameters.pooled_height, parameters.pooled_width));
}

fn kernel_extents() -> vec3<i32> {
  return vec3<i32>(vec3<u32>(parameters.kernel_depth, parameters.kernel_height, parameters.kernel_width));
}

fn strides() -> vec3<i32> {
  return vec3<i32>(vec3<u32>(parameters.stride_depth, parameters.stride_height, parameters.stride_width));
}

fn paddings() -> vec3<i32> {
  return vec3<i32>(vec3<u32>(parameters.padding_depth, parameters.padding_height, parameters.padding_width));
}

// The part of a window that lies inside of the volume: first voxel, and one past the last.
struct Window {
  low: vec3<i32>,
  high: vec3<i32>,
  divisor: f32,
}

fn window_at(pooled: vec3<i32>) -> Window {
  let start = pooled * strides() - paddings();
  let end = min(start + kernel_extents(), extents() + paddings());
  let low = max(start, vec3<i32>(0));
  let high = min(start + kernel_extents(), extents());
  let counted = select(high - low, end - start, parameters.count_padding != 0u);
  return Window(low, high, f32(counted.x * counted.y * counted.z));
}

// Index of an element of x.
fn element_at(sample: u32, voxel: vec3<i32>, channel: u32) -> u32 {
  let at = vec3<u32>(voxel);
  return (((sample * parameters.depth + at.x) * parameters.height + at.y) * parameters.width + at.z) * parameters.channels + channel;
}

// The element that max pooling takes: the first largest one, or the last that is not a number, as PyTorch does.
fn largest_in(window: Window, sample: u32, channel: u32) -> u32 {
  var best = element_at(sample, window.low, channel);
  for (var z = window.low.x; z < window.high.x; z++) {
    for (var y = window.low.y; y < window.high.y; y++) {
      for (var w = window.low.z; w < window.high.z; w++) {
        let candidate = element_at(sample, vec3<i32>(z, y, w), channel);
        if (x[candidate] > x[best] || is_nan(vec4<f32>(f32(x[candidate]))).x) {
          best = candidate;
        }
      }
    }
  }
  return best;
}

// Sample, voxel and channel of element `place` of a volume with these extents.
struct Place {
  sample: u32,
  voxel: vec3<i32>,
  channel: u32,
}

fn place_in(index: u32, size: vec3<i32>) -> Place {
  let channel = index % parameters.channels;
  var rest = index / parameters.channels;
  let w = rest % u32(size.z);
  rest /= u32(size.z);
  let y = rest % u32(size.y);
  rest /= u32(size.y);
  return Place(rest / u32(size.x), vec3<i32>(vec3<u32>(rest % u32(size.x), y, w)), channel);
}
