/** The Chromium that tests in a browser run in. */
import { existsSync } from 'node:fs';

/** Its file: what VOXELGRAD_CHROMIUM names, else the first of the usual places that has one. */
export const chromium: string | undefined = [
  process.env.VOXELGRAD_CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((file) => existsSync(file));

/** Without a sandbox, which root may not have; with WebGPU on Chromium's own SwiftShader where there is no GPU. */
export const CHROMIUM_FLAGS: string[] = ['--no-sandbox', '--enable-unsafe-webgpu'];
