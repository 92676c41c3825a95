/** Before any test file runs: compiles the CPU kernels once, so that the files do not all do it at the same time. */
import { fileURLToPath } from 'node:url';
import { compileKernels } from '../packages/tensor/src/device/cpu/compile-kernels.ts';

export default async function setup(): Promise<void> {
  const tensor = new URL('../packages/tensor/', import.meta.url);
  await compileKernels(fileURLToPath(new URL('src', tensor)), fileURLToPath(new URL('assets', tensor)));
}
