/**
 * Writes which shaders a device ran, for a report over all test processes: with the environment variable VOXELGRAD_KERNEL_COVERAGE naming a
 * folder, each device leaves `<process>-<number>.json` there when it is closed or the process exits.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WebgpuDevice } from './webgpu-device.ts';

const open = new Set<WebgpuDevice>();
let written = 0;

/** Begins to follow `device`; does nothing without the variable. */
export function followCoverage(device: WebgpuDevice): void {
  if (process.env.VOXELGRAD_KERNEL_COVERAGE === undefined) return;
  if (open.size === 0 && written === 0) process.once('exit', () => open.forEach(writeCoverage));
  open.add(device);
}

/** Writes what `device` ran: its driver, and how many variants of each shader. */
export function writeCoverage(device: WebgpuDevice): void {
  const folder = process.env.VOXELGRAD_KERNEL_COVERAGE;
  if (folder === undefined || !open.delete(device)) return;
  mkdirSync(folder, { recursive: true });
  const name = join(folder, `${process.pid}-${written++}`);
  writeFileSync(
    `${name}.unfinished`,
    JSON.stringify({ driver: device.description, shaders: device.coverage.report() }),
  );
  renameSync(`${name}.unfinished`, `${name}.json`);
}
