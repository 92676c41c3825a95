/** Matrix products with batch axes that broadcast. */
import { lowered } from '../../autocast.ts';
import { record } from '../../autograd.ts';
import { VoxelgradError } from '../../errors.ts';
import { broadcastShape, type Shape, showShape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { broadcastTo } from '../copy/copy.ts';
import { checkDevice, checkDType, output, seenAs } from '../operands.ts';
import { sumTo } from '../reduce/reduce.ts';

interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** `[..., m, n]` from `a [..., m, k]` and `b [..., k, n]`; either may be stored transposed. The leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, transposes: Transposes = {}): Tensor {
  return product(lowered(a), lowered(b), transposes);
}

function product(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: Transposes): Tensor {
  checkDevice('matmul', a, b);
  checkDType('matmul', a, ['f32', 'f16']);
  checkDType('matmul', b, [a.dtype]);
  const [rowsA, columnsA] = lastTwo(a, transposeA);
  const [rowsB, columnsB] = lastTwo(b, transposeB);
  if (columnsA !== rowsB)
    throw new VoxelgradError('shape', {
      what: 'matmul',
      expected: 'equal inner extents',
      got: `${showShape(a.shape)} and ${showShape(b.shape)}`,
    });
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2), 'matmul');
  const out = output(a, [...batch, rowsA, columnsB]);
  const [left, right] = [stretched(a, batch), stretched(b, batch)];
  const count = sizeOf(batch);
  const flat = (tensor: Tensor) => seenAs(tensor, [count, ...tensor.shape.slice(-2)]);
  a.device.kernels.matmul(flat(left), flat(right), flat(out), transposeA, transposeB);
  for (const tensor of [left, right]) if (tensor !== a && tensor !== b) tensor.dispose();
  return record('matmul', [a, b], out, [a, b], (g, [a, b]) => [
    a.requiresGradient
      ? sumTo(
          transposeA
            ? matmul(b, g, { transposeA: transposeB, transposeB: true })
            : matmul(g, b, { transposeB: !transposeB }),
          a.shape,
        )
      : undefined,
    b.requiresGradient
      ? sumTo(
          transposeB
            ? matmul(g, a, { transposeA: true, transposeB: transposeA })
            : matmul(a, g, { transposeA: !transposeA }),
          b.shape,
        )
      : undefined,
  ]);
}

function lastTwo(tensor: Tensor, transposed: boolean): readonly [rows: number, columns: number] {
  if (tensor.rank < 2)
    throw new VoxelgradError('shape', {
      what: 'matmul',
      expected: 'at least two axes',
      got: showShape(tensor.shape),
      help: 'reshape a vector to [1, k] or [k, 1]',
    });
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

const stretched = (tensor: Tensor, batch: Shape): Tensor =>
  sizeOf(tensor.shape.slice(0, -2)) === sizeOf(batch)
    ? tensor
    : broadcastTo(tensor.detach(), [...batch, ...tensor.shape.slice(-2)]);
