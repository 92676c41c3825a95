// The label of each voxel of a resized volume, one thread a voxel: that of the eight voxels around it, where they are alike, else the one that their shares
// decide for. The preamble has `const LARGEST: bool` (the largest share, else the highest label with enough) and `const EVEN_HALF: bool` (½ is enough).
// #include "common/index.wgsl"
// #include "resize-labels/double.wgsl"

struct Parameters {
  count: u32,
  input_depth: u32,
  input_height: u32,
  input_width: u32,
  depth: u32,
  height: u32,
  width: u32,
}

// Of a voxel along an axis: the two voxels that it lies between and their weights.
struct Neighbours {
  low: u32,
  high: u32,
  low_weight: Double,
  high_weight: Double,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<i32>;
@group(0) @binding(2) var<storage, read> table: array<Neighbours>;
@group(0) @binding(3) var<storage, read_write> results: array<i32>;

// The share of a label, added up in the order of the corners.
fn share_of(label: i32, labels: ptr<function, array<i32, 8>>, shares: ptr<function, array<Double, 8>>) -> Double {
  var sum = Double(0u, 0u, 0);
  for (var corner = 0u; corner < 8u; corner++) {
    if ((*labels)[corner] == label) {
      sum = total(sum, (*shares)[corner]);
    }
  }
  return sum;
}

fn is_enough(share: Double) -> bool {
  if (share.high == 0u || share.exponent < -1) {
    return false;
  }
  return EVEN_HALF || share.exponent > -1 || share.high != 0x80000000u || share.low != 0u;
}

// value / 2^bits, to nearest, ties to even; `sticky`: whether there are ones behind the last bit of value.
fn rounded_off(value: u32, bits: u32, sticky: bool) -> u32 {
  let kept = value >> bits;
  let rest = value & ((1u << bits) - 1u);
  let half = 1u << (bits - 1u);
  let up = rest > half || (rest == half && (sticky || (kept & 1u) != 0u));
  return kept + select(0u, 1u, up);
}

// Bits of a half, in which thousandths are compared, by way of a single; what is too small for a normal one is never the largest of eight.
fn thousandths(share: Double) -> u32 {
  let scaled = product(share, Double(0xfa000000u, 0u, 9));
  if (scaled.high == 0u || scaled.exponent < -14) {
    return 0u;
  }
  // 24 bits, or 2²⁴, whose last bit is of no account.
  let single = rounded_off(scaled.high, 8u, scaled.low != 0u);
  return (u32(scaled.exponent + 15) << 10u) + rounded_off(single, 13u, false) - 1024u;
}

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_invocation(workgroup, workgroups, local, 128u);
  if (index >= parameters.count) {
    return;
  }
  let row = index / parameters.width;
  let plane = row / parameters.height;
  let down = plane % parameters.depth;
  let along = parameters.depth + row % parameters.height;
  let across = parameters.depth + parameters.height + index % parameters.width;
  let first_plane = (plane / parameters.depth) * parameters.input_depth;
  var labels = array<i32, 8>();
  var alike = true;
  for (var corner = 0u; corner < 8u; corner++) {
    let z = first_plane + select(table[down].low, table[down].high, (corner & 4u) != 0u);
    let y = select(table[along].low, table[along].high, (corner & 2u) != 0u);
    let w = select(table[across].low, table[across].high, (corner & 1u) != 0u);
    labels[corner] = x[(z * parameters.input_height + y) * parameters.input_width + w];
    alike = alike && labels[corner] == labels[0];
  }
  if (alike) {
    results[index] = labels[0];
    return;
  }
  var shares = array<Double, 8>();
  for (var pair = 0u; pair < 4u; pair++) {
    var z_weight = table[down].low_weight;
    if ((pair & 2u) != 0u) {
      z_weight = table[down].high_weight;
    }
    var y_weight = table[along].low_weight;
    if ((pair & 1u) != 0u) {
      y_weight = table[along].high_weight;
    }
    let weight = product(z_weight, y_weight);
    shares[2u * pair] = product(weight, table[across].low_weight);
    shares[2u * pair + 1u] = product(weight, table[across].high_weight);
  }
  var chosen = 0;
  var found = false;
  var most = 0u;
  for (var corner = 0u; corner < 8u; corner++) {
    let label = labels[corner];
    if (LARGEST) {
      let share = thousandths(share_of(label, &labels, &shares));
      if (!found || share > most || (share == most && label < chosen)) {
        chosen = label;
        most = share;
        found = true;
      }
    } else if (!found || label > chosen) {
      if (is_enough(share_of(label, &labels, &shares))) {
        chosen = label;
        found = true;
      }
    }
  }
  results[index] = chosen;
}
