/**
 * Builds the Vulkan layer of the workspace's `tools/vulkan`, which makes older Mesa versions of lavapipe report two features that Dawn insists
 * on and compute shaders never use. Only a checkout has it: a published package relies on a Mesa that needs no layer.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VoxelgradError } from '../../errors.ts';
import { cacheFolder } from './cache-folder.ts';
import { workspaceRoot } from './workspace-root.ts';

export interface VulkanLayer {
  readonly name: string;
  readonly folder: string;
}

const LAYER_NAME = 'VK_LAYER_VOXELGRAD_no_gpu';

/** The built layer, or undefined outside the workspace. */
export async function buildVulkanLayer(): Promise<VulkanLayer | undefined> {
  const root = workspaceRoot();
  if (root === undefined) return undefined;
  const script = join(root, 'tools', 'vulkan', 'build.sh');
  const source = join(root, 'tools', 'vulkan', 'no_gpu_layer.c');
  if (!existsSync(script)) return undefined;
  const version = createHash('sha256')
    .update(await readFile(source))
    .update(await readFile(script))
    .digest('hex')
    .slice(0, 16);
  const folder = await cacheFolder(
    `vulkan-layer-${version}`,
    ['libno_gpu_layer.so', 'no_gpu_layer.json'],
    async (target) => {
      try {
        await promisify(execFile)('bash', [script, target]);
      } catch (cause) {
        const output = (cause as { stderr?: string }).stderr ?? String(cause);
        throw new VoxelgradError('device', {
          what: `the Vulkan layer for lavapipe cannot be built: ${output.trim()}`,
          help: 'on Debian and Ubuntu: apt-get install gcc libc6-dev libvulkan-dev',
          cause,
        });
      }
    },
  );
  return { name: LAYER_NAME, folder };
}
