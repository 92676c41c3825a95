// From the squared norm of the raw gradient: the factor for clipping and loss scale, whether the step is skipped, and the next loss scale. One
// thread; the numbers stay on the device, so a training step never waits for the host.

struct Parameters {
  maximum_norm: f32,
  growth_factor: f32,
  backoff_factor: f32,
  growth_interval: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> squared_norm: array<f32>;
// 0 squared norm without the loss scale, 1 factor, 2 found infinite, 3 loss scale, 4 steps since it grew, 5 skipped steps, 6 steps taken
@group(0) @binding(2) var<storage, read_write> control: array<f32>;

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(1)
fn main() {
  let squared = squared_norm[0];
  let finite = is_finite(squared);
  // A control that nobody scales with may be all zeros.
  let scale = select(1.0, control[3], control[3] > 0.0);
  var clip = 1.0;
  if (parameters.maximum_norm > 0.0 && finite) {
    clip = min(1.0, parameters.maximum_norm / (sqrt(squared) / scale + 1e-6));
  }
  // Not by the square of the scale, which may be infinite.
  control[0] = squared / scale / scale;
  control[1] = clip / scale;
  control[2] = select(1.0, 0.0, finite);
  if (finite) {
    control[6] += 1.0;
  } else {
    control[5] += 1.0;
  }
  if (parameters.growth_interval == 0u) {
    return;
  }
  if (!finite) {
    control[3] = scale * parameters.backoff_factor;
    control[4] = 0.0;
  } else if (u32(control[4]) + 1u >= parameters.growth_interval) {
    let grown = scale * parameters.growth_factor;
    control[3] = select(scale, grown, is_finite(grown));
    control[4] = 0.0;
  } else {
    control[4] += 1.0;
  }
}
