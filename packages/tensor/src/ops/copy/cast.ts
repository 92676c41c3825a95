/** Conversion between data types. */
import { record } from '../../autograd.ts';
import { type DType, isFloat } from '../../dtype.ts';
import type { Tensor } from '../../tensor.ts';
import { output } from '../operands.ts';

/** The same values in another dtype: to integers by truncation (saturating), to bool as `≠ 0`. Gradients flow between floats. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x.alias(true);
  const out = output(x, x.shape, dtype);
  x.device.kernels.cast(x, out);
  const from = x.dtype;
  return isFloat(from) && isFloat(dtype) ? record('cast', [x], out, [], (g) => [cast(g, from)]) : out;
}
