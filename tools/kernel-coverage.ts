/**
 * kernel-coverage FOLDER: which WGSL kernels were executed while tests ran with VOXELGRAD_KERNEL_COVERAGE=FOLDER, for each driver. Exits 1 if a
 * driver left a kernel untouched that it could run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface CoverageFile {
  readonly driver: string;
  /** Variants that ran, by shader. */
  readonly shaders: Readonly<Record<string, number>>;
}

/** For which there is no driver without a GPU: Dawn's null backend checks that they are valid (conv3d.matrices.test.ts). */
const ONLY_COMPILED: readonly string[] = ['conv3d/gemm-matrices'];

const [folder] = process.argv.slice(2);
const shaders = fileURLToPath(new URL('../shaders', import.meta.url));
const kernels = readdirSync(shaders, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.wgsl') && !file.startsWith('common'))
  // What is included by others is no kernel of its own.
  .filter((file) => readFileSync(join(shaders, file), 'utf8').includes('@compute'))
  .map((file) => file.replace(/\.wgsl$/, '').replaceAll('\\', '/'))
  .filter((kernel) => !ONLY_COMPILED.includes(kernel))
  .sort();

const executed = new Map<string, Set<string>>();
for (const file of readdirSync(folder!)) {
  const { driver, shaders: names } = JSON.parse(readFileSync(join(folder!, file), 'utf8')) as CoverageFile;
  const seen = executed.get(driver) ?? new Set();
  executed.set(driver, seen);
  for (const name of Object.keys(names)) seen.add(name);
}
for (const [driver, seen] of executed) {
  const missed = kernels.filter((kernel) => !seen.has(kernel));
  const covered = kernels.length - missed.length;
  console.log(
    `WebGPU kernels executed by tests on ${driver}: ${covered} of ${kernels.length}${missed.length > 0 ? `; not ${missed.join(', ')}` : ''}`,
  );
  if (missed.length > 0) process.exitCode = 1;
}
console.log(`only compiled, since no driver on a processor has what they need: ${ONLY_COMPILED.join(', ')}`);
if (executed.size === 0) {
  console.log('no WebGPU kernel was executed');
  process.exitCode = 1;
}
