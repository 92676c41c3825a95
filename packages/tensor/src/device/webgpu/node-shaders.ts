/**
 * Shader texts in Node: the files of `shaders/` in a checkout, else `assets/shaders.json` (paths to texts) of the installed package, which the
 * build writes.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VoxelgradError } from '../../errors.ts';
import type { ShaderSource } from './shaders.ts';
import { workspaceRoot } from './workspace-root.ts';

const bundle = fileURLToPath(new URL('../../../assets/shaders.json', import.meta.url));

export function nodeShaders(): ShaderSource {
  const root = workspaceRoot();
  if (root !== undefined) {
    const folder = join(root, 'shaders');
    return async (path) => {
      const file = join(folder, path);
      return existsSync(file) ? readFile(file, 'utf8') : undefined;
    };
  }
  let texts: Promise<Record<string, string>> | undefined;
  return async (path) => {
    texts ??= readBundle();
    return (await texts)[path];
  };
}

async function readBundle(): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(bundle, 'utf8')) as Record<string, string>;
  } catch (cause) {
    throw new VoxelgradError('file', {
      what: `the shaders of voxelgrad, ${bundle}, cannot be read`,
      help: 'the installation is incomplete: install voxelgrad again',
      cause,
    });
  }
}
