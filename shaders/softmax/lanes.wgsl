// What the neighbouring threads (lanes) of a row tell each other, joined in pairs.

struct Parameters {
  rows: u32,
  channels: u32,
  // Threads of a row: a power of two up to 256.
  lanes: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

var<private> negative_infinity_bits: u32 = 0xff800000u;
var<workgroup> told: array<f32, 256>;

fn largest_of_lanes(own: f32, local: u32) -> f32 {
  if (parameters.lanes == 1u) {
    return own;
  }
  told[local] = own;
  workgroupBarrier();
  for (var half = parameters.lanes / 2u; half > 0u; half /= 2u) {
    if (local % parameters.lanes < half) {
      told[local] = max(told[local], told[local + half]);
    }
    workgroupBarrier();
  }
  let largest = told[local - local % parameters.lanes];
  workgroupBarrier();
  return largest;
}

fn sum_of_lanes(own: f32, local: u32) -> f32 {
  if (parameters.lanes == 1u) {
    return own;
  }
  told[local] = own;
  workgroupBarrier();
  for (var half = parameters.lanes / 2u; half > 0u; half /= 2u) {
    if (local % parameters.lanes < half) {
      told[local] += told[local + half];
    }
    workgroupBarrier();
  }
  let sum = told[local - local % parameters.lanes];
  workgroupBarrier();
  return sum;
}
