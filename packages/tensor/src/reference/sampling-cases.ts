/** Random cases of sampling at points, in space of two or three axes. */
import * as vg from '../index.ts';
import { at, build, type Doubles } from './arrays.ts';
import type { Maker } from './draw.ts';

interface Sampling {
  readonly mode: 'nearest' | 'linear';
  readonly outside: 'zero' | 'edge';
}

/** The mean of what surrounds each point of `grid`, weighted by nearness, or the nearest voxel. Space may have any number of axes. */
const sampled = (x: Doubles, grid: Doubles, { mode, outside }: Sampling): Doubles => {
  const axes = grid.shape.at(-1)!;
  const inside = (i: number, axis: number): number =>
    outside === 'edge' ? Math.min(Math.max(i, 0), x.shape[axis + 1]! - 1) : i;
  return build([...grid.shape.slice(0, -1), x.shape.at(-1)!], (position) => {
    const [n, c] = [position[0]!, position.at(-1)!];
    let total = 0;
    for (let corner = 0; corner < 2 ** axes; corner++) {
      let weight = 1;
      const voxel = Array.from({ length: axes }, (_, axis) => {
        const place = at(grid, position.with(-1, axis));
        const high = (corner >> axis) & 1;
        const t = mode === 'linear' ? place - Math.floor(place) : Math.round(place) - Math.floor(place);
        weight *= high ? t : 1 - t;
        return inside(Math.floor(place) + high, axis);
      });
      total += weight * at(x, [n, ...voxel, c]);
    }
    return total;
  });
};

export const samplingAlong =
  (axes: 2 | 3): Maker =>
  (draw) => {
    const shape = [1, ...draw.shape(axes, 4), draw.whole(1, 3)];
    const points = draw.shape(axes, 3);
    // Between voxels, and beyond the edge now and then.
    const grid = draw.array([1, ...points, axes], -0.8, 3.8);
    const sampling = { mode: draw.pick(['linear', 'nearest'] as const), outside: draw.pick(['zero', 'edge'] as const) };
    return {
      name: `sampleGrid of ${shape} at ${points}, ${JSON.stringify(sampling)}`,
      inputs: [draw.array(shape)],
      run: ([x]) =>
        vg.sampleGrid(x!, vg.fromArray(Float32Array.from(grid.data), grid.shape, { device: x!.device }), sampling),
      reference: ([x]) => sampled(x!, grid, sampling),
    };
  };
