// Which elements of up to three operands meet at an element of the result. RANK is a constant of the preamble.

struct Parameters {
  // Elements of the result.
  size: u32,
  // Bits of the op's constant.
  constant: u32,
  unused_0: u32,
  unused_1: u32,
  // Fastest axis first: strides of the operands (0 where one is stretched) and the extent.
  axes: array<vec4<u32>, 6>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

fn offsets_of(index: u32) -> vec3<u32> {
  var rest = index;
  var offsets = vec3<u32>(0u);
  for (var axis = 0u; axis < RANK; axis++) {
    let strides_and_extent = parameters.axes[axis];
    if (axis + 1u == RANK) {
      offsets += rest * strides_and_extent.xyz;
    } else {
      let next = rest / strides_and_extent.w;
      offsets += (rest - next * strides_and_extent.w) * strides_and_extent.xyz;
      rest = next;
    }
  }
  return offsets;
}

// The offsets of four neighbours, one column each. Without GATHER only the first is used: the operands' loads are vectors or one value.
fn four_offsets(first: u32) -> FourOffsets {
  if (!GATHER) {
    let offsets = offsets_of(first);
    return FourOffsets(vec4<u32>(offsets.x), vec4<u32>(offsets.y), vec4<u32>(offsets.z));
  }
  let last = parameters.size - 1u;
  let o0 = offsets_of(first);
  let o1 = offsets_of(min(first + 1u, last));
  let o2 = offsets_of(min(first + 2u, last));
  let o3 = offsets_of(min(first + 3u, last));
  return FourOffsets(
    vec4<u32>(o0.x, o1.x, o2.x, o3.x),
    vec4<u32>(o0.y, o1.y, o2.y, o3.y),
    vec4<u32>(o0.z, o1.z, o2.z, o3.z),
  );
}

struct FourOffsets {
  a: vec4<u32>,
  b: vec4<u32>,
  c: vec4<u32>,
}
