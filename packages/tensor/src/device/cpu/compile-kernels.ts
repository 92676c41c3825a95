/**
 * Compiles the AssemblyScript kernels to WebAssembly binaries: with relaxed SIMD (fused multiply-add), without, and some for wide vectors (wide-simd.ts). Used when the package
 * is built, and in the workspace whenever a kernel's source is newer than its binary. Never part of the published package's run time.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { VoxelgradError } from '../../errors.ts';

/** `WIDE` is a constant to the kernels. */
const BINARIES = [
  { file: 'kernels.wasm', entry: 'kernels.as.ts', options: ['--use', 'WIDE=0'] },
  { file: 'kernels-relaxed.wasm', entry: 'kernels.as.ts', options: ['--enable', 'relaxed-simd', '--use', 'WIDE=0'] },
  { file: 'kernels-wide.wasm', entry: 'kernels-wide.as.ts', options: ['--enable', 'relaxed-simd', '--use', 'WIDE=1'] },
] as const;

const OPTIONS = [
  ...['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--sharedMemory'],
  ...['--enable', 'simd', '--enable', 'threads', '--initialMemory', '64', '--maximumMemory', '65536'],
];

let compiling: Promise<void> | undefined;

/** Compiles the binaries in the folder `assets` if the sources under `source` have changed. Calls that come meanwhile wait for the first one. */
export function compileKernels(source: string, assets: string): Promise<void> {
  compiling ??= compileIfChanged(source, assets).finally(() => {
    compiling = undefined;
  });
  return compiling;
}

async function compileIfChanged(source: string, assets: string): Promise<void> {
  const fingerprint = await sourcesHash(source);
  const stamp = join(assets, 'kernels.sha256');
  const upToDate =
    existsSync(stamp) &&
    (await readFile(stamp, 'utf8')) === fingerprint &&
    BINARIES.every(({ file }) => existsSync(join(assets, file)));
  if (upToDate) return;
  await mkdir(assets, { recursive: true });
  const { default: asc } = await import('assemblyscript/asc');
  for (const { file, entry, options } of BINARIES) {
    const { error, stderr } = await asc.main([
      join(relative('.', source), `device/cpu/${entry}`),
      ...OPTIONS,
      ...options,
      ...['-o', relative('.', join(assets, `${file}.${process.pid}`))],
    ]);
    if (error !== null)
      throw new VoxelgradError('kernel', {
        what: `the cpu kernels do not compile:\n${stderr.toString()}`,
        cause: error,
      });
    await rename(join(assets, `${file}.${process.pid}`), join(assets, file));
  }
  await writeFile(`${stamp}.${process.pid}`, fingerprint);
  await rename(`${stamp}.${process.pid}`, stamp);
}

async function sourcesHash(source: string): Promise<string> {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.as.ts')).sort();
  const hash = createHash('sha256').update(JSON.stringify([OPTIONS, BINARIES]));
  for (const file of files) hash.update(file).update(await readFile(join(source, file)));
  return hash.digest('hex');
}
