// Which workgroup this is when the launcher folded a long row of them into x and y (device/webgpu/workgroups.ts).
fn linear_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
  return id.x + id.y * count.x;
}

// Which invocation this is in such a row of workgroups of `size` invocations.
fn linear_invocation(id: vec3<u32>, count: vec3<u32>, local: u32, size: u32) -> u32 {
  return linear_workgroup(id, count) * size + local;
}
