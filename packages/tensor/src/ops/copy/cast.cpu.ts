/** Launches the conversions between dtypes. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';

const NAMES: Record<DType, string> = { f32: 'Float', f16: 'Half', i32: 'Int', u8: 'Byte', bool: 'Bool' };

/** `out = x`, converted; both have the same number of elements. */
export function enqueueCast(device: CpuDevice, x: Operand, out: Operand): void {
  const size = sizeOf(out.shape);
  const chunk = chunkFor(size);
  // A bool is a byte that is 0 or 1: read it as such.
  const from = x.dtype === 'bool' ? 'Byte' : NAMES[x.dtype];
  device.enqueue(`cast${from}To${NAMES[out.dtype]}`, Math.ceil(size / chunk), [
    device.address(x),
    device.address(out),
    size,
    chunk,
  ]);
}
