/**
 * The exact Euclidean distance transform on a grid with any spacing, axis by axis: the squared distance along one axis is the lower envelope of
 * parabolas that stand on the distances found so far (Felzenszwalb & Huttenlocher 2012, "Distance transforms of sampled functions").
 */

/** For each voxel the squared distance (in units of `spacing`) to the nearest voxel where `sites` is not 0; infinity without any. */
export function squaredDistances(
  sites: Uint8Array,
  shape: readonly number[],
  spacing: readonly number[],
): Float64Array {
  const distances = Float64Array.from(sites, (site) => (site === 0 ? Number.POSITIVE_INFINITY : 0));
  const longest = Math.max(...shape);
  const envelope = new LowerEnvelope(longest);
  const line = new Float64Array(longest);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    for (let start = 0; start < distances.length; start++) {
      if (Math.floor(start / stride) % extent !== 0) continue;
      for (let i = 0; i < extent; i++) line[i] = distances[start + i * stride]!;
      envelope.transform(line, extent, spacing[axis]!);
      for (let i = 0; i < extent; i++) distances[start + i * stride] = line[i]!;
    }
    stride *= extent;
  }
  return distances;
}

/** Works on one line after the other with the same scratch memory. */
class LowerEnvelope {
  readonly #feet: Float64Array;
  readonly #heights: Float64Array;
  /** Where parabola i takes over from parabola i − 1. */
  readonly #starts: Float64Array;

  constructor(longest: number) {
    this.#feet = new Float64Array(longest);
    this.#heights = new Float64Array(longest);
    this.#starts = new Float64Array(longest);
  }

  /** Replaces `line[i]` by the minimum over j of `line[j] + (spacing · (i − j))²`. */
  transform(line: Float64Array, extent: number, spacing: number): void {
    const count = this.#build(line, extent, spacing);
    if (count === 0) return;
    let parabola = 0;
    for (let i = 0; i < extent; i++) {
      const position = i * spacing;
      while (parabola + 1 < count && this.#starts[parabola + 1]! < position) parabola++;
      line[i] = this.#heights[parabola]! + (position - this.#feet[parabola]!) ** 2;
    }
  }

  #build(line: Float64Array, extent: number, spacing: number): number {
    let count = 0;
    for (let i = 0; i < extent; i++) {
      const height = line[i]!;
      if (height === Number.POSITIVE_INFINITY) continue;
      const foot = i * spacing;
      let start = Number.NEGATIVE_INFINITY;
      while (count > 0) {
        start = this.#crossing(count - 1, foot, height);
        if (start > this.#starts[count - 1]!) break;
        count--;
      }
      this.#feet[count] = foot;
      this.#heights[count] = height;
      this.#starts[count] = count === 0 ? Number.NEGATIVE_INFINITY : start;
      count++;
    }
    return count;
  }

  /** Where the parabola at `foot` begins to lie below parabola `left`. */
  #crossing(left: number, foot: number, height: number): number {
    const leftFoot = this.#feet[left]!;
    return (height + foot ** 2 - this.#heights[left]! - leftFoot ** 2) / (2 * (foot - leftFoot));
  }
}
