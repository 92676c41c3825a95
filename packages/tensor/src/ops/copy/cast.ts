/** Conversion between data types. */
import { record } from '../../autograd.ts';
import { type DType, isFloat } from '../../dtype.ts';
import { remember } from '../../recompute.ts';
import type { Tensor } from '../../tensor.ts';
import { output } from '../operands.ts';

/** The same values in another dtype: to integers by truncation (saturating), to bool as `≠ 0`. Gradients flow between floats. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x.alias(true);
  const out = output(x, x.shape, dtype);
  x.device.kernels.cast(x, out);
  const from = x.dtype;
  if (!isFloat(from) || !isFloat(dtype)) return out;
  const result = record('cast', [x], out, [], (g) => [cast(g, from)]);
  // Parameters stay where they are anyway.
  if (x.variable?.isLeaf === true) remember(result, [x], ([x]) => cast(x!, dtype));
  return result;
}
