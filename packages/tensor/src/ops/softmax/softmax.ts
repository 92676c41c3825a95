/** Softmax and its logarithm over the channels (the last axis). Computed in f32 with the maximum subtracted. */
import { isRecorded, record } from '../../autograd.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { mul, sub } from '../elementwise/elementwise.ts';
import { exp } from '../elementwise/unary.ts';
import { checkDType, output, seenAs } from '../operands.ts';
import { sum } from '../reduce/reduce.ts';

/** No kernel runs on an empty tensor, whose rows may have no channels. */
const rows = (shape: Shape): Shape => [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1];

/** `eˣ / Σ eˣ` over the last axis; same shape and dtype (f32 or f16). */
export function softmax(x: Tensor): Tensor {
  return recordedSoftmax('softmax', x, (g, y) => {
    const weighted = mul(g, y);
    return sub(weighted, mul(y, sum(weighted, { axes: -1, keepAxes: true })));
  });
}

/** `ln softmax(x)` over the last axis; same shape and dtype (f32 or f16). */
export function logSoftmax(x: Tensor): Tensor {
  return recordedSoftmax('logSoftmax', x, (g, y) => sub(g, mul(exp(y), sum(g, { axes: -1, keepAxes: true }))));
}

/** The gradient is one kernel, or, where it is recorded itself, made of ops. */
function recordedSoftmax(
  op: 'softmax' | 'logSoftmax',
  x: Tensor,
  plainGradient: (g: Tensor, y: Tensor) => Tensor,
): Tensor {
  checkDType(op, x, ['f32', 'f16']);
  const shape = rows(x.shape);
  const y = output(x, x.shape);
  if (x.size > 0) x.device.kernels[op](seenAs(x, shape), seenAs(y, shape));
  return record(op, [x], y, [y], (g, [y]) => {
    if (isRecorded([g, y])) return [plainGradient(g, y)];
    const dx = output(y, y.shape);
    if (y.size > 0) y.device.kernels[`${op}Gradient`](seenAs(g, shape), seenAs(y, shape), seenAs(dx, shape));
    return [dx];
  });
}
