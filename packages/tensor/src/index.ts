/** Tensors with gradients on any GPU (WebGPU) and any CPU (WebAssembly). */
export { autocast } from './autocast.ts';
export { type BackwardOptions, noGrad, record } from './autograd.ts';
export { Captured, capture, compile } from './capture/capture.ts';
export type { CapturedMemory, CompileProgress } from './capture/recording.ts';
export { tune } from './capture/tune.ts';
export { checkpoint, inFirstPass } from './checkpointing.ts';
export { arange, fromArray, full, ones, type Placement, scalar, zeros } from './create.ts';
export { debug } from './debug.ts';
export type { Device, DeviceBuffer, DeviceKind, MemoryReport, Operand } from './device/device.ts';
export { floatFromHalf, halfFromFloat } from './device/half.ts';
export type { ChoiceStore } from './device/webgpu/choices.ts';
export type { TunedKernel } from './device/webgpu/tuning.ts';
export { type DType, type HostArray, hostArray, isFloat } from './dtype.ts';
export { type ErrorCode, type ErrorDetails, isVoxelgradError, VoxelgradError } from './errors.ts';
export type { GradientHook, HookHandle } from './gradient-hooks.ts';
export { gradients } from './gradients.ts';
export { type BatchNormOptions, type BatchNormResult, batchNorm } from './ops/batch-norm/batch-norm.ts';
export { type ConvNormOptions, convNorm2d, convNorm3d } from './ops/conv-norm/conv-norm.ts';
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
} from './ops/conv3d/conv3d.ts';
export { cast } from './ops/copy/cast.ts';
export {
  borderIndex,
  broadcastTo,
  concat,
  flip,
  gather,
  narrow,
  overwrite,
  pad,
  padBorder,
  permute,
  reshape,
  scatterAdd,
  slice,
  stack,
} from './ops/copy/copy.ts';
export { gatherElements, scatterAddElements } from './ops/copy/gather-elements.ts';
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  mul,
  notEqual,
  pow,
  sub,
  where,
} from './ops/elementwise/elementwise.ts';
export {
  abs,
  ceil,
  clamp,
  cos,
  elu,
  erf,
  exp,
  finite,
  floor,
  gelu,
  geluTanh,
  leakyRelu,
  log,
  log1p,
  neg,
  reciprocal,
  relu,
  round,
  rsqrt,
  scale,
  shift,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './ops/elementwise/unary.ts';
export {
  groupNorm,
  instanceNorm,
  type LayerNormOptions,
  layerNorm,
  type NormOptions,
} from './ops/instance-norm/instance-norm.ts';
export { matmul } from './ops/matmul/matmul.ts';
export { medianFilter } from './ops/median/median.ts';
export type { AdamSettings, AdanSettings, LossScaleSettings, SgdSettings } from './ops/optimizer/optimizer.kernels.ts';
export type { Pair } from './ops/planar.ts';
export { philox, type Words } from './ops/random/philox.ts';
export { RandomGenerator } from './ops/random/random.ts';
export {
  argMax,
  argMin,
  cumulativeSum,
  logSumExp,
  max,
  mean,
  min,
  type ReduceOptions,
  standardDeviation,
  sum,
  variance,
} from './ops/reduce/reduce.ts';
export type { VolumePart } from './ops/resample/resample.kernels.ts';
export {
  averagePool2d,
  averagePool3d,
  filterAxis,
  type InterpolateOptions,
  type InterpolationMode,
  interpolate,
  maxPool2d,
  maxPool3d,
  type PoolOptions,
  type SampleOptions,
  sampleGrid,
} from './ops/resample/resample.ts';
export { resize, resizeSources, type SplineOrder } from './ops/resample/resize.ts';
export type { LabelRule } from './ops/resize-labels/resize-labels.kernels.ts';
export { resizeLabels } from './ops/resize-labels/resize-labels.ts';
export { logSoftmax, softmax } from './ops/softmax/softmax.ts';
export { recomputing } from './recompute.ts';
export { roundHalfEven } from './rounding.ts';
export { keep, tidy } from './scope.ts';
export { type Shape, sameShape, showShape, sizeOf, type Triple } from './shape.ts';
export { Tensor } from './tensor.ts';
