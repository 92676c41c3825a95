/** Writes packages/tensor/assets: the compiled CPU kernels and all WGSL sources in one file, for the published package and for browsers. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from '../packages/tensor/src/device/cpu/compile-kernels.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const assets = join(root, 'packages/tensor/assets');

await compileKernels(join(root, 'packages/tensor/src'), assets);

const names = (await readdir(join(root, 'shaders'), { recursive: true }))
  .filter((name) => name.endsWith('.wgsl'))
  .sort();
const shaders: Record<string, string> = {};
for (const name of names) shaders[name.replaceAll('\\', '/')] = await readFile(join(root, 'shaders', name), 'utf8');
const target = join(assets, 'shaders.json');
await writeFile(`${target}.${process.pid}`, JSON.stringify(shaders));
await rename(`${target}.${process.pid}`, target);
