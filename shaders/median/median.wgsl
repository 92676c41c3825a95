// Medians of windows, one a thread, found bit by bit from the highest on: by counting the values below a candidate.
// #include "common/index.wgsl"

struct Parameters {
  size: u32,
  depth: u32,
  height: u32,
  width: u32,
  channels: u32,
  kernel_depth: u32,
  kernel_height: u32,
  kernel_width: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
// [n, d + kd - 1, h + kh - 1, w + kw - 1, c]
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> medians: array<u32>;

// Floats as whole numbers of the same order: those below zero have all their bits turned, the others the sign alone.
fn key(bits: u32) -> u32 {
  return bits ^ select(0x80000000u, 0xffffffffu, (bits & 0x80000000u) != 0u);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_invocation(workgroup, workgroups, local, 256u);
  if (i >= parameters.size) {
    return;
  }
  let channel = i % parameters.channels;
  let column = (i / parameters.channels) % parameters.width;
  let row_number = i / parameters.channels / parameters.width;
  let row = row_number % parameters.height;
  let plane = (row_number / parameters.height) % parameters.depth;
  let sample = row_number / parameters.height / parameters.depth;
  let padded_depth = parameters.depth + parameters.kernel_depth - 1u;
  let padded_height = parameters.height + parameters.kernel_height - 1u;
  let padded_width = parameters.width + parameters.kernel_width - 1u;
  let rank = parameters.kernel_depth * parameters.kernel_height * parameters.kernel_width / 2u;

  var found = 0u;
  for (var bit = 0x80000000u; bit != 0u; bit >>= 1u) {
    let candidate = found | bit;
    var below = 0u;
    for (var dz = 0u; dz < parameters.kernel_depth; dz++) {
      for (var dy = 0u; dy < parameters.kernel_height; dy++) {
        let line = ((sample * padded_depth + plane + dz) * padded_height + row + dy) * padded_width + column;
        for (var dx = 0u; dx < parameters.kernel_width; dx++) {
          below += select(0u, 1u, key(x[(line + dx) * parameters.channels + channel]) < candidate);
        }
      }
    }
    if (below <= rank) {
      found = candidate;
    }
  }
  medians[i] = found ^ select(0xffffffffu, 0x80000000u, (found & 0x80000000u) != 0u);
}
