// Weight gradient of a 3-D convolution without workgroup memory: an invocation keeps ROWS input channels × 4 · QUADS output channels of one tap in registers
// and walks the voxels of its split, line by line: which voxels of a line a tap reaches is known before it. For drivers that compute on the processor
// (conv3d/registers.wgsl says why).
//   partial[split, tap, cin, cout] = Σ over the split's lines of source[voxel moved by the tap, cin] · gradient[voxel, cout]
// common/sum-splits adds the splits in a fixed order. Channels of both sides are multiples of 4.
//
// Where LANES > 1, the invocations of a subgroup have the same input channels and output channels side by side: they fetch the source together, each a
// part of it, and tell each other.
//
// From the preamble: `element`; ROWS, a multiple of 4; QUADS; LANES, the invocations that fetch together: a workgroup, which is a subgroup, or 1; INVOCATIONS;
//   fn tile_at(group, groups, thread)          linear_workgroup(…) where LANES > 1, else linear_invocation(…)
//   fn told(value, lane)                       what `value` is to that lane of the subgroup; unused where LANES is 1
//   fn add_voxels(gradient_at, last_quad, last_voxel)      for j = 0 … QUADS − 1 and i = 0 … ROWS / 4 − 1 calls
//     add_quads(i, j, right)     with right = right_at(gradient_at + min(j, last_quad), last_voxel)

// #include "common/index.wgsl"

struct Parameters {
  source_extent: vec4u, // n, d, h, w
  gradient_extent: vec4u,
  kernel: vec4u, // d, h, w
  stride: vec4u,
  padding: vec4u,
  dilation: vec4u,
  source_channels: u32,
  gradient_channels: u32,
  tiles_m: u32, // of the input channels
  tiles_n: u32, // of the output channels
  splits: u32,
  lines_per_split: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4<element>>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4<element>>;
@group(0) @binding(3) var<storage, read_write> partial: array<vec4f>;

var<private> sums: array<vec4f, ROWS * QUADS>;

// Voxels that are added up at once: drivers keep so many sums in memory, and fetch each once for all of these.
const VOXELS = 4u;

const FETCHES = (VOXELS * ROWS / 4 + LANES - 1) / LANES;

// The quads of input channels of VOXELS neighbours, those of one voxel after those of the other, zeros for voxels past the last: each LANES-th of them.
var<private> fetched: array<vec4f, FETCHES>;

fn fetch(lane: u32, at: u32, last_row: u32, last_voxel: u32) {
  let pitch = parameters.stride.z * (parameters.source_channels / 4);
  for (var i = 0u; i < FETCHES; i++) {
    let part = min(i * LANES + lane, VOXELS * ROWS / 4 - 1);
    let voxel = part / (ROWS / 4);
    let value = vec4f(source[at + min(voxel, last_voxel) * pitch + min(part % (ROWS / 4), last_row)]);
    fetched[i] = select(vec4f(), value, voxel <= last_voxel);
  }
}

fn left_at(voxel: u32, quad: u32) -> vec4f {
  let part = voxel * (ROWS / 4) + quad;
  if (LANES > 1) {
    return told(fetched[part / LANES], part % LANES);
  }
  return fetched[part];
}

fn right_at(at: u32, last_voxel: u32) -> array<vec4f, VOXELS> {
  let pitch = parameters.gradient_channels / 4;
  var right: array<vec4f, VOXELS>;
  for (var v = 0u; v < VOXELS; v++) {
    right[v] = vec4f(gradient[at + min(v, last_voxel) * pitch]);
  }
  return right;
}

// Quad i of the input channels, quad j of the output channels.
fn add_quads(i: u32, j: u32, right: array<vec4f, VOXELS>) {
  let at = 4 * i * QUADS + j;
  var x = sums[at];
  var y = sums[at + QUADS];
  var z = sums[at + 2 * QUADS];
  var w = sums[at + 3 * QUADS];
  for (var v = 0u; v < VOXELS; v++) {
    let value = left_at(v, i);
    x = fma(vec4f(value.x), right[v], x);
    y = fma(vec4f(value.y), right[v], y);
    z = fma(vec4f(value.z), right[v], z);
    w = fma(vec4f(value.w), right[v], w);
  }
  sums[at] = x;
  sums[at + QUADS] = y;
  sums[at + 2 * QUADS] = z;
  sums[at + 3 * QUADS] = w;
}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = tile_at(group, groups, thread);
  let lane = thread % LANES;
  let kernel = parameters.kernel;
  let tile_n = index % parameters.tiles_n;
  let tile_m = (index / parameters.tiles_n) % parameters.tiles_m;
  let slice = index / (parameters.tiles_n * parameters.tiles_m);
  let taps = kernel.x * kernel.y * kernel.z;
  let tap_index = slice % taps;
  let split = slice / taps;
  if (split >= parameters.splits) {
    return;
  }
  let tap = vec3u(tap_index / (kernel.y * kernel.z), (tap_index / kernel.z) % kernel.y, tap_index % kernel.z);
  let reach = vec3i(tap * parameters.dilation.xyz) - vec3i(parameters.padding.xyz);
  let stride = vec3i(parameters.stride.xyz);
  let size = parameters.source_extent;
  let extent = parameters.gradient_extent;
  let source_quads = parameters.source_channels / 4;
  let gradient_quads = parameters.gradient_channels / 4;
  let row0 = tile_m * ROWS;
  let quad0 = (tile_n * LANES + lane) * QUADS;
  // Channels past the last read those before them, and are not stored.
  let first_quad = min(quad0, gradient_quads - 1);
  let last_row = source_quads - 1 - row0 / 4;
  let last_quad = gradient_quads - 1 - first_quad;

  // Of a line, the voxels from `first` to before `end` are those that the tap brings inside.
  let first = u32(clamp((stride.z - 1 - reach.z) / stride.z, 0, i32(extent.w)));
  let end = u32(clamp((i32(size.w) - reach.z + stride.z - 1) / stride.z, i32(first), i32(extent.w)));

  let begin_line = split * parameters.lines_per_split;
  let end_line = min(begin_line + parameters.lines_per_split, extent.x * extent.y * extent.z);
  for (var line = begin_line; line < end_line; line++) {
    let at = vec2i(vec2u((line / extent.z) % extent.y, line % extent.z)) * stride.xy + reach.xy;
    if (any(at < vec2i(0)) || any(at >= vec2i(size.yz))) {
      continue;
    }
    let source_line = ((line / (extent.z * extent.y)) * size.y + u32(at.x)) * size.z + u32(at.y);
    var source_at = (source_line * size.w + u32(i32(first) * stride.z + reach.z)) * source_quads + row0 / 4;
    var gradient_at = (line * extent.w + first) * gradient_quads + first_quad;
    for (var w = first; w < end; w += VOXELS) {
      let last_voxel = end - 1 - w;
      fetch(lane, source_at, last_row, last_voxel);
      add_voxels(gradient_at, last_quad, last_voxel);
      source_at += VOXELS * u32(stride.z) * source_quads;
      gradient_at += VOXELS * gradient_quads;
    }
  }

  // Of a length that is known: a loop of any other indexes `sums`, which then is no registers, in the loops above either.
  for (var i = 0u; i < ROWS; i++) {
    let to = ((split * taps + tap_index) * parameters.source_channels + row0 + i) * gradient_quads + quad0;
    for (var j = 0u; j < QUADS; j++) {
      if (row0 + i < parameters.source_channels && quad0 + j < gradient_quads) {
        partial[to + j] = sums[i * QUADS + j];
      }
    }
  }
}
