/** Picking single elements along an axis, each by an index of its own (torch's gather), and adding them back (its scatter_add). */
import { record } from '../../autograd.ts';
import { VoxelgradError } from '../../errors.ts';
import { tidy } from '../../scope.ts';
import { normalizeAxes, sameShape, showShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkDevice, checkDType, output } from '../operands.ts';
import { cast } from './cast.ts';
import { slice } from './copy.ts';

/**
 * `out[…, i, …] = x[…, index[…, i, …], …]` along `axis`: torch's `gather(x, axis, index)`. `index` (i32) has the rank of x and gives the result's shape; on
 * the other axes it may be smaller than x, of which then the first entries are used. The index lies on the device and is not checked: what an entry outside
 * of the axis gives is unspecified.
 */
export function gatherElements(x: Tensor, index: Tensor, axis: number): Tensor {
  checkDevice('gatherElements', x, index);
  checkDType('gatherElements: index', index, ['i32']);
  const along = normalizeAxes(axis, x.rank, 'gatherElements')[0]!;
  // The part of x that the index can reach.
  const used = index.shape.map((extent, i) => (i === along ? x.shape[along]! : extent));
  if (index.rank !== x.rank || used.some((extent, i) => extent > x.shape[i]!))
    throw new VoxelgradError('shape', {
      what: `gatherElements along axis ${along}: index`,
      expected: `as many axes as x ${showShape(x.shape)} has, none but axis ${along} longer than there`,
      got: showShape(index.shape),
    });
  if (!sameShape(used, x.shape))
    return tidy(() =>
      gatherElements(
        slice(
          x,
          used.map(() => 0),
          used,
        ),
        index,
        along,
      ),
    );
  const out = output(x, index.shape);
  if (out.size > 0) x.device.kernels.gatherElements(x, index, out, along);
  return record('gatherElements', [x], out, [index], (g, [index]) => [
    scatterAddElements(g, index, along, used[along]!),
  ]);
}

/**
 * Zeros with `x[…, i, …]` added at `[…, index[…, i, …], …]`, with `extent` entries on that axis: the gradient of gatherElements. `index` (i32) has x's
 * shape; x is f32, or f16 (summed in f32). Several that go to one place are added in the order of i.
 */
export function scatterAddElements(x: Tensor, index: Tensor, axis: number, extent: number): Tensor {
  checkDevice('scatterAddElements', x, index);
  checkDType('scatterAddElements', x, ['f32', 'f16']);
  checkDType('scatterAddElements: index', index, ['i32']);
  if (x.dtype === 'f16') return tidy(() => cast(scatterAddElements(cast(x, 'f32'), index, axis, extent), 'f16'));
  const along = normalizeAxes(axis, x.rank, 'scatterAddElements')[0]!;
  if (!sameShape(index.shape, x.shape))
    throw new VoxelgradError('shape', {
      what: `scatterAddElements along axis ${along}: index`,
      expected: `x's shape, ${showShape(x.shape)}`,
      got: showShape(index.shape),
    });
  const out = output(x, x.shape.with(along, extent));
  if (out.size > 0) x.device.kernels.scatterAddElements(x, index, out, along);
  return record('scatterAddElements', [x], out, [index], (g, [index]) => [gatherElements(g, index, along)]);
}
