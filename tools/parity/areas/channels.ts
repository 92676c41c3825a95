/** PyTorch's layout, channels first, as tensors on a device; gradients flow through. */
import { permute, type Tensor } from '@voxelgrad/tensor';

const spatialAxes = (rank: number): number[] => Array.from({ length: rank - 2 }, (_, i) => i + 2);
/** [n, c, …space] → [n, …space, c]. */
export const channelsLast = (x: Tensor): Tensor => permute(x, [0, ...spatialAxes(x.rank), 1]);
export const channelsFirst = (x: Tensor): Tensor =>
  permute(x, [0, x.rank - 1, ...spatialAxes(x.rank).map((axis) => axis - 1)]);
/** (out, in, …kernel) → […kernel, in, out]; transposed convolutions' (in, out, …kernel) → […kernel, out, in]. */
export const kernelLast = (w: Tensor): Tensor => permute(w, [...spatialAxes(w.rank), 1, 0]);
