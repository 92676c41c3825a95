export type { SafetensorsDType, SafetensorsEntry } from './entry.ts';
export { floatFromHalf, halfFromFloat } from './half.ts';
export { readSafetensors, readSafetensorsMetadata } from './read.ts';
export { writeSafetensors } from './write.ts';
