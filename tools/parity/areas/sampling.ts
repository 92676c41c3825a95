/** PyTorch's pooling, interpolation and grid sampling of images and volumes, channels first. */
import * as vg from '@voxelgrad/tensor';
import { type Pair, type PoolOptions, type Tensor, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import type { Attributes } from '../attributes.ts';
import { channelsFirst, channelsLast } from './channels.ts';

export function pooled(x: Tensor, attrs: Attributes, kind: 'max' | 'average', dimension: 2 | 3): Tensor {
  const kernel = attrs.perAxis('kernel', dimension);
  const options = {
    kernel,
    stride: attrs.has('stride') ? attrs.perAxis('stride', dimension) : kernel,
    padding: attrs.perAxis('padding', dimension, 0),
    ...(kind === 'average' && { countPadding: attrs.boolean('count_include_pad', true) }),
  };
  const input = channelsLast(x);
  if (dimension === 2) {
    const planar = options as unknown as PoolOptions<Pair>;
    return channelsFirst(kind === 'max' ? vg.maxPool2d(input, planar) : vg.averagePool2d(input, planar));
  }
  const spatial = options as unknown as PoolOptions;
  return channelsFirst(kind === 'max' ? vg.maxPool3d(input, spatial) : vg.averagePool3d(input, spatial));
}

const INTERPOLATIONS = {
  nearest: 'nearest',
  'nearest-exact': 'nearest-exact',
  bilinear: 'linear',
  trilinear: 'linear',
  bicubic: 'cubic',
} as const;

export function interpolated(x: Tensor, attrs: Attributes): Tensor {
  const extents = x.shape.slice(2);
  const size = attrs.has('size')
    ? attrs.perAxis('size', extents.length)
    : attrs.perAxis('scale_factor', extents.length).map((factor, axis) => Math.floor(extents[axis]! * factor));
  const mode = attrs.choice('mode', INTERPOLATIONS, 'nearest');
  const alignCorners = attrs.boolean('align_corners', false);
  return channelsFirst(vg.interpolate(channelsLast(x), size as unknown as Triple | Pair, { mode, alignCorners }));
}

/** torch's normalised grid (x, y, z in −1 … 1) → voxel coordinates in the order d, h, w. */
export function gridSampled(x: Tensor, grid: Tensor, attrs: Attributes, dimension: number): Tensor {
  const extents = x.shape.slice(2);
  if (extents.length !== dimension || grid.shape.at(-1) !== dimension)
    throw new VoxelgradError('shape', {
      what: `grid_sample${dimension}d`,
      expected: `${dimension} axes of space and as many coordinates`,
      got: `x [${x.shape}], grid [${grid.shape}]`,
    });
  const corners = attrs.boolean('align_corners', false);
  const { device } = grid;
  const perAxis = (values: number[]): Tensor => vg.fromArray(values, [dimension], { device });
  const factors = perAxis(extents.map((extent) => (corners ? (extent - 1) / 2 : extent / 2)));
  const shifts = perAxis(extents.map((extent) => (extent - 1) / 2));
  const coordinates = vg.add(vg.mul(vg.flip(grid.detach(), -1), factors), shifts);
  const options = {
    mode: attrs.choice('mode', { bilinear: 'linear', nearest: 'nearest' } as const, 'bilinear'),
    outside: attrs.choice('padding_mode', { zeros: 'zero', border: 'edge' } as const, 'zeros'),
  };
  return channelsFirst(vg.sampleGrid(channelsLast(x), coordinates, options));
}
