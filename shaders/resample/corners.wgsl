// The voxels that a point of a sampling grid reads, and their weights. The preamble has `const LINEAR: bool` and `const EDGE: bool`.

struct GridParameters {
  count: u32,
  depth: u32,
  height: u32,
  width: u32,
  channels: u32,
  // Points of the grid for each sample.
  points: u32,
}

struct Corner {
  // Index of the voxel within its sample.
  voxel: u32,
  weight: f32,
}

fn extents_of(p: GridParameters) -> vec3<i32> {
  return vec3<i32>(i32(p.depth), i32(p.height), i32(p.width));
}

// Corner 0 … 7 of the cell around `point` (in voxels: d, h, w); nearest has corner 0 only. Weight 0 where nothing is read.
fn corner_of(point: vec3<f32>, corner: u32, p: GridParameters) -> Corner {
  let extents = extents_of(p);
  var at = point;
  if (EDGE) {
    at = clamp(point, vec3<f32>(0.0), vec3<f32>(extents - 1));
  }
  var index: vec3<i32>;
  var weight = 1.0;
  if (LINEAR) {
    let low = floor(at);
    let high = vec3<bool>((corner & 4u) != 0u, (corner & 2u) != 0u, (corner & 1u) != 0u);
    let share = at - low;
    let weights = select(vec3<f32>(1.0) - share, share, high);
    weight = weights.x * weights.y * weights.z;
    index = vec3<i32>(low) + select(vec3<i32>(0), vec3<i32>(1), high);
  } else {
    // WGSL rounds halves to even, as PyTorch does.
    index = vec3<i32>(round(at));
  }
  let inside = all(index >= vec3<i32>(0)) && all(index < extents);
  let clamped = clamp(index, vec3<i32>(0), extents - 1);
  let voxel = u32((clamped.x * extents.y + clamped.y) * extents.z + clamped.z);
  return Corner(voxel, select(0.0, weight, inside));
}
