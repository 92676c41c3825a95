/** The most memory that a piece of work holds, measured in a process of its own, where nothing but the work counts. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Does case `index` of the bench in `module`, which exports `alone(index)`, and tells the bytes held at most. */
export function peakBytesOf(module: string, index: number): Promise<number> {
  const child = fork(fileURLToPath(new URL('alone.ts', import.meta.url)), [module, String(index)]);
  return new Promise((resolve, reject) => {
    child.on('message', (bytes) => resolve(Number(bytes)));
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${module} alone ended with code ${code}`)));
  });
}
