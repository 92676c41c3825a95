/** For tests that open further devices of the driver that the process has. */
import { createNodeGpu, type GpuChoice } from './node-gpu.ts';
import { softwareDriverFromEnvironment } from './software-driver.ts';

/** What testing.node.ts chose: it opens SwiftShader where the environment names no driver and there is no GPU. */
export function openedChoice(): GpuChoice {
  const swiftshader = (process.env.VK_ICD_FILENAMES ?? '').includes('swiftshader');
  return softwareDriverFromEnvironment() ?? (swiftshader ? 'swiftshader' : 'hardware');
}

export const openedGpu = (): Promise<GPU> => createNodeGpu(openedChoice());
