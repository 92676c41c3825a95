/** Real images for tests. They lie beside the repository and are not part of it: tests that want them skip, with the reason, where they are absent. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import type { TestOptions } from 'vitest';

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));

/** Path of a file or folder in the shared data, or undefined. */
export function sharedPath(relative: string): string | undefined {
  const path = `${shared}${relative}`;
  return existsSync(path) ? path : undefined;
}

/** Options of a test or a suite that needs it. */
export const needsShared = (relative: string): TestOptions =>
  lacking(sharedPath(relative) === undefined ? `no ../shared/${relative} beside the repository` : undefined);
