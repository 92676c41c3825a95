/**
 * Looks for a GPU without asking Dawn, which loads every Vulkan driver and writes to standard error about each that will not do, as does what those
 * drivers load. On Linux a GPU shows as a device file; where there is none, Dawn is not loaded at all. Elsewhere the system's own interfaces
 * (Metal, Direct3D) are quiet.
 */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { VoxelgradError } from '../../errors.ts';

/** Device files by folder: render nodes (all drivers in the kernel), NVIDIA's own, WSL, and the drivers of phones and boards. */
const DEVICE_FILES: Readonly<Record<string, RegExp>> = {
  '/dev/dri': /^renderD\d+$/,
  '/dev': /^(nvidia\d+|nvidiactl|nvgpu|nvhost-gpu|nvmap|dxg|kgsl-3d\d+|mali\d+|pvr.*|galcore)$/,
};

/** Variables by which people tell the Vulkan loader which drivers to take. */
const CHOSEN_DRIVERS = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'VK_ADD_DRIVER_FILES'];

/** Whether somebody told the loader which drivers to take, a software one perhaps. */
export const driversAreChosen = (): boolean => CHOSEN_DRIVERS.some((name) => (process.env[name] ?? '') !== '');

/** Throws 'device' where this is Linux and nothing says that it has a GPU. */
export function requireHardware(): void {
  if (process.platform !== 'linux' || driversAreChosen()) return;
  for (const [folder, pattern] of Object.entries(DEVICE_FILES))
    if (entriesOf(folder).some((name) => pattern.test(name))) return;
  throw new VoxelgradError('device', {
    what: 'this machine shows no GPU',
    expected: 'a device file such as /dev/dri/renderD128 or /dev/nvidia0',
    help: "load the GPU's kernel driver (in a container: pass the device file on), or use device 'cpu'",
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Runs `work` while the Vulkan loader passes over drivers that compute on the processor, and libraries find a folder that they ask for. Not in
 * worker threads, whose environment is a copy that native code does not see.
 */
export async function withoutSoftwareDrivers<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.platform !== 'linux' || !isMainThread || driversAreChosen()) return work();
  const wanted = { VK_LOADER_DRIVERS_DISABLE: '*lvp*,*swiftshader*', XDG_RUNTIME_DIR: tmpdir() };
  const added = Object.entries(wanted).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  try {
    return await work();
  } finally {
    for (const [name] of added) delete process.env[name];
  }
}
