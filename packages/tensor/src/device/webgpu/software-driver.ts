/**
 * Lets Dawn in Node run without a GPU, on a Vulkan driver that computes on the processor. For tests: such a driver is 50 times slower than the
 * cpu device. The environment variable VOXELGRAD_SOFTWARE_GPU names it:
 *
 *   swiftshader   Google's, taken from the npm package @sparticuz/chromium (Linux on x64); no f16
 *   lavapipe      Mesa's, as the Linux distribution installs it; f16 and subgroups
 *
 * Drivers are found through environment variables that the Vulkan loader reads once, so a process has one driver for good.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { VoxelgradError } from '../../errors.ts';
import { extractSwiftshader } from './swiftshader-archive.ts';
import { buildVulkanLayer } from './vulkan-layer.ts';

export type SoftwareDriver = 'swiftshader' | 'lavapipe';

const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/** The driver that VOXELGRAD_SOFTWARE_GPU names, or undefined for the machine's own. Throws 'option' for any other value. */
export function softwareDriverFromEnvironment(): SoftwareDriver | undefined {
  const name = process.env.VOXELGRAD_SOFTWARE_GPU ?? '';
  if (name === '') return undefined;
  if (name === 'swiftshader' || name === 'lavapipe') return name;
  throw new VoxelgradError('option', {
    what: 'the environment variable VOXELGRAD_SOFTWARE_GPU',
    expected: "'swiftshader' or 'lavapipe'",
    got: `'${name}'`,
  });
}

/** Makes `driver` the only one that Vulkan finds. Must come before the first use of the `webgpu` package. */
export async function useSoftwareDriver(driver: SoftwareDriver): Promise<void> {
  if (driver === 'swiftshader') await useSwiftshader();
  else await useLavapipe();
}

async function useSwiftshader(): Promise<void> {
  const folder = await extractSwiftshader();
  const koffi = await loadKoffi();
  // Dawn opens the Vulkan loader by this very name and is given the one already loaded, so none need be installed.
  koffi.load(join(folder, 'libvulkan.so.1'), { global: true });
  setVariable(koffi, 'VK_ICD_FILENAMES', join(folder, 'vk_swiftshader_icd.json'));
}

async function useLavapipe(): Promise<void> {
  const icd = await findLavapipe();
  const koffi = isMainThread ? undefined : await loadKoffi();
  const layer = await buildVulkanLayer();
  if (layer !== undefined) {
    setVariable(koffi, 'VK_LAYER_PATH', layer.folder);
    setVariable(koffi, 'VK_INSTANCE_LAYERS', layer.name);
  }
  // Mesa complains on standard error where it is not set.
  if (process.env.XDG_RUNTIME_DIR === undefined) setVariable(koffi, 'XDG_RUNTIME_DIR', tmpdir());
  setVariable(koffi, 'VK_ICD_FILENAMES', icd);
}

async function findLavapipe(): Promise<string> {
  for (const folder of ICD_FOLDERS) {
    if (!existsSync(folder)) continue;
    const file = (await readdir(folder)).find((name) => /^lvp_icd.*\.json$/.test(name));
    if (file !== undefined) return join(folder, file);
  }
  throw new VoxelgradError('device', {
    what: "Mesa's lavapipe driver is not installed",
    help: 'on Debian and Ubuntu: apt-get install libvulkan1 mesa-vulkan-drivers',
  });
}

type Koffi = typeof import('koffi').default;

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (cause) {
    throw new VoxelgradError('device', {
      what: 'a software GPU driver needs the npm package koffi, which is not installed',
      help: 'npm install --save-dev koffi',
      cause,
    });
  }
}

/** Sets an environment variable for native code too: in a worker thread `process.env` is only a copy. */
function setVariable(koffi: Koffi | undefined, name: string, value: string): void {
  process.env[name] = value;
  if (isMainThread || koffi === undefined) return;
  koffi.load('libc.so.6').func('int setenv(const char *name, const char *value, int overwrite)')(name, value, 1);
}
