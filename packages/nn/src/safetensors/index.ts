export { floatFromHalf, halfFromFloat } from '@voxelgrad/tensor';
export type { SafetensorsDType, SafetensorsEntry } from './entry.ts';
export { readSafetensors, readSafetensorsMetadata } from './read.ts';
export { writeSafetensors } from './write.ts';
