export { type ErrorCode, type ErrorDetails, isVoxelgradError, VoxelgradError } from './errors.ts';
