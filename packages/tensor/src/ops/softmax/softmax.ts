/** Softmax and its logarithm over the channels, or another axis. Computed in f32 with the maximum subtracted. */
import { isRecorded, record } from '../../autograd.ts';
import { tidy } from '../../scope.ts';
import { normalizeAxes, type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { permute, reshape } from '../copy/copy.ts';
import { mul, sub } from '../elementwise/elementwise.ts';
import { exp } from '../elementwise/unary.ts';
import { checkDType, output, seenAs } from '../operands.ts';
import { sum } from '../reduce/reduce.ts';

/** No kernel runs on an empty tensor, whose rows may have no channels. */
const rows = (shape: Shape): Shape => [sizeOf(shape.slice(0, -1)), shape.at(-1) ?? 1];

/** `eˣ / Σ eˣ` over an axis, by default the last; same shape and dtype (f32 or f16). Other axes cost two copies. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return overLastAxis('softmax', x, axis, (x) =>
    recordedSoftmax('softmax', x, (g, y) => {
      const weighted = mul(g, y);
      return sub(weighted, mul(y, sum(weighted, { axes: -1, keepAxes: true })));
    }),
  );
}

/** `ln softmax(x)` over an axis, by default the last; same shape and dtype (f32 or f16). Other axes cost two copies. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return overLastAxis('logSoftmax', x, axis, (x) =>
    recordedSoftmax('logSoftmax', x, (g, y) => sub(g, mul(exp(y), sum(g, { axes: -1, keepAxes: true })))),
  );
}

/** `work(x)` with the axis as the last one meanwhile. */
function overLastAxis(op: string, x: Tensor, axis: number, work: (x: Tensor) => Tensor): Tensor {
  checkDType(op, x, ['f32', 'f16']);
  // A number has no axis, but a softmax: its only class has probability 1.
  const along = x.rank === 0 ? 0 : normalizeAxes(axis, x.rank, op)[0]!;
  if (along >= x.rank - 1) return work(x);
  const seen = [sizeOf(x.shape.slice(0, along)), x.shape[along]!, sizeOf(x.shape.slice(along + 1))];
  return tidy(() => reshape(permute(work(permute(reshape(x, seen), [0, 2, 1])), [0, 2, 1]), x.shape));
}

/** The gradient is one kernel, or, where it is recorded itself, made of ops. */
function recordedSoftmax(
  op: 'softmax' | 'logSoftmax',
  x: Tensor,
  plainGradient: (g: Tensor, y: Tensor) => Tensor,
): Tensor {
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
