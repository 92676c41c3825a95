// Volumes and sampling grids in blocks of 4 × 4 × 4, for the gradient of sample-grid. The preamble has `const LINEAR: bool` and
// `const EDGE: bool`.

struct Parameters {
  // Extents of x and of the grid: d, h, w, and nothing.
  volume: vec4<u32>,
  grid: vec4<u32>,
  batch: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

fn volume_of(extents: vec3<u32>) -> u32 {
  return extents.x * extents.y * extents.z;
}

fn index_in(at: vec3<u32>, extents: vec3<u32>) -> u32 {
  return (at.x * extents.y + at.y) * extents.z + at.z;
}

fn blocks_of(extents: vec3<u32>) -> vec3<u32> {
  return (extents + 3u) / 4u;
}

// Where member `i` (0 … 63) of a block lies; it may be outside of `extents`.
fn member_of(block: u32, i: u32, extents: vec3<u32>) -> vec3<u32> {
  let blocks = blocks_of(extents);
  let first = 4u * vec3<u32>(block / (blocks.y * blocks.z), (block / blocks.z) % blocks.y, block % blocks.z);
  return first + vec3<u32>(i / 16u, (i / 4u) % 4u, i % 4u);
}

// Where a point is sampled: at the nearest voxel of the edge for those outside, with EDGE.
fn located(point: vec3<f32>) -> vec3<f32> {
  if (EDGE) {
    return clamp(point, vec3<f32>(0.0), vec3<f32>(vec3<i32>(parameters.volume.xyz) - 1));
  }
  return point;
}

// What `voxel` gives to a point, by its distance along each axis.
fn share_of(voxel: vec3<f32>, point: vec3<f32>) -> f32 {
  if (LINEAR) {
    let shares = max(vec3<f32>(0.0), 1.0 - abs(point - voxel));
    return shares.x * shares.y * shares.z;
  }
  return select(0.0, 1.0, all(round(point) == voxel));
}
