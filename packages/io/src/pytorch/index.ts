export { type TorchData, type TorchType, toFloats } from './element-types.ts';
export { readTorchFile, type TorchFileOptions, type WeightsFormat, weightsFormat } from './read.ts';
export { readTorchTensor, TorchStorage, TorchTensor } from './tensor.ts';
export { TorchDevice, TorchTypeName, torchGlobals } from './torch-globals.ts';
export { encodeTorchFile, TensorToSave } from './write.ts';
