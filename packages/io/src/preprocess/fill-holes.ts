/**
 * Fills what is enclosed in a mask, as scipy.ndimage.binary_fill_holes with its default structure: background that cannot be reached
 * from outside the volume through faces of voxels becomes foreground.
 */

/** Changes `mask` ([z, y, x], 0 or 1) in place and returns it. */
export function fillHoles(mask: Uint8Array, shape: readonly [number, number, number]): Uint8Array {
  const [depth, height, width] = shape;
  const outside = 2;
  const stack: number[] = [];
  const reach = (index: number) => {
    if (mask[index] !== 0) return;
    mask[index] = outside;
    stack.push(index);
  };
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      const row = (z * height + y) * width;
      const wholeRow = z === 0 || z === depth - 1 || y === 0 || y === height - 1;
      for (let x = 0; x < width; x += wholeRow || width === 1 ? 1 : width - 1) reach(row + x);
    }
  while (stack.length > 0) {
    const index = stack.pop()!;
    const x = index % width;
    const y = Math.floor(index / width) % height;
    if (x > 0) reach(index - 1);
    if (x < width - 1) reach(index + 1);
    if (y > 0) reach(index - width);
    if (y < height - 1) reach(index + width);
    if (index >= width * height) reach(index - width * height);
    if (index + width * height < mask.length) reach(index + width * height);
  }
  for (let i = 0; i < mask.length; i++) mask[i] = mask[i] === outside ? 0 : 1;
  return mask;
}
