/** Real images for tests. They lie beside the repository and are not part of it: tests that want them skip, with the reason, where they are absent. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));

/** Path of a file or folder in the shared data, or undefined and a printed reason. */
export function sharedPath(relative: string): string | undefined {
  const path = `${shared}${relative}`;
  if (existsSync(path)) return path;
  console.warn(`skipped: ${relative} is not on this machine`);
  return undefined;
}
