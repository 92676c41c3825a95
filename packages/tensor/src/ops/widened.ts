/**
 * f16 for ops that have no kernels for it, or whose intermediate values do not fit it: they compute in f32 and give back f16. That way what follows a
 * convolution under autocast needs to know nothing of precision, and sums and statistics lose nothing.
 */
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { cast } from './copy/cast.ts';

/** `work(x)`; where x is f16, `work` sees it as f32 and its result comes back as f16. */
export const widened = (x: Tensor, work: (x: Tensor) => Tensor): Tensor =>
  x.dtype === 'f16' ? tidy(() => cast(work(cast(x, 'f32')), 'f16')) : work(x);
