/** Which candidate each direction of a convolution runs as: the one that was tuned, else the table's. */
import type { Operand } from '../../device/device.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { defaultVariant, type ProductShape, suiting } from './conv3d.defaults.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import { matrixSizeFor, type SubgroupInfo, suitingMatrices } from './conv3d.matrices.ts';
import {
  isMatrixName,
  isRegisterName,
  MATRIX_VARIANTS,
  type MatrixName,
  REGISTER_VARIANTS,
  stagedType,
  TILE_VARIANTS,
  type VariantName,
} from './conv3d.variants.ts';
import { classesOf, gatherWebgpu, matricesWebgpu, type Product } from './conv3d-gather.webgpu.ts';
import { channelsOf, describeGeometry, kernelOf, volume } from './conv3d-parameters.webgpu.ts';
import { registersWebgpu, weightGradientRegisters } from './conv3d-registers.webgpu.ts';
import { weightGradientWebgpu } from './conv3d-weight-gradient.webgpu.ts';

/** Invocations of a subgroup, where all have the same number. */
function subgroupOf({ features, info }: WebgpuDevice): number | undefined {
  const { subgroupMinSize, subgroupMaxSize } = info;
  return features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMaxSize : undefined;
}

const KERNELS = { forward: 'conv3d', dataGradient: 'conv3dDataGradient' } as const;

/** Forward pass or data gradient. The geometry must be one that `isGathered` accepts. */
export function productWebgpu(
  device: WebgpuDevice,
  product: Product,
  variant: VariantName | MatrixName = productVariant(device, product),
): void {
  if (isMatrixName(variant)) {
    const size = matrixSizeFor(variant, device.info as SubgroupInfo);
    if (size === undefined) throw new Error(`${variant} is not for ${device.description}`);
    matricesWebgpu(device, product, MATRIX_VARIANTS[variant], size);
  } else if (isRegisterName(variant)) registersWebgpu(device, product, REGISTER_VARIANTS[variant]);
  else gatherWebgpu(device, product, TILE_VARIANTS[variant]);
}

/** What a product runs as. */
export function productVariant(device: WebgpuDevice, product: Product): VariantName | MatrixName {
  const { source, weight, result, geometry } = product;
  const { rows, classes } = classesOf(product);
  const direction = product.dataGradient ? 'dataGradient' : 'forward';
  const shape: ProductShape = {
    direction,
    rows: rows * classes,
    columns: channelsOf(result),
    channels: channelsOf(source),
    staged: stagedType(source.dtype, device.info.vendor),
    subgroup: subgroupOf(device),
  };
  const matrices =
    source.dtype === 'f16' && device.features.has('chromium-experimental-subgroup-matrix')
      ? suitingMatrices(shape.columns, device.info as SubgroupInfo, device.limits.maxComputeWorkgroupStorageSize)
      : [];
  return device.choices.choose<VariantName | MatrixName>({
    kernel: KERNELS[direction],
    detail: describeGeometry(geometry),
    operands: [source, weight, result],
    candidates: [...suiting(shape, device.limits), ...matrices],
    preset: defaultVariant(shape, device.description),
    run: (name, [source, weight, result]) =>
      productWebgpu(device, { ...product, source: source!, weight: weight!, bias: undefined, result: result! }, name),
  });
}

/** The geometry must be one that `isGathered` accepts. */
export function weightProductWebgpu(
  device: WebgpuDevice,
  x: Operand,
  dy: Operand,
  dweight: Operand,
  geometry: Conv3dGeometry,
  variant: VariantName = weightGradientVariant(device, x, dy, dweight, geometry),
): void {
  if (isRegisterName(variant)) weightGradientRegisters(device, x, dy, dweight, geometry, REGISTER_VARIANTS[variant]);
  else weightGradientWebgpu(device, x, dy, dweight, geometry, TILE_VARIANTS[variant]);
}

function weightGradientVariant(
  device: WebgpuDevice,
  x: Operand,
  dy: Operand,
  dweight: Operand,
  geometry: Conv3dGeometry,
): VariantName {
  const shape: ProductShape = {
    direction: 'weightGradient',
    rows: volume(kernelOf(dweight)) * channelsOf(x),
    columns: channelsOf(dy),
    channels: channelsOf(x),
    staged: stagedType(x.dtype, device.info.vendor),
    subgroup: subgroupOf(device),
  };
  return device.choices.choose({
    kernel: 'conv3dWeightGradient',
    detail: describeGeometry(geometry),
    operands: [x, dy, dweight],
    candidates: suiting(shape, device.limits),
    preset: defaultVariant(shape, device.description),
    run: (name, [x, dy, dweight]) => weightProductWebgpu(device, x!, dy!, dweight!, geometry, name),
  });
}
