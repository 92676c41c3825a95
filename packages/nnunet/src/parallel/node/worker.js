// @ts-check
/**
 * A worker's entry. Threads do not inherit what makes Node read TypeScript: in the workspace it is registered first. In a file of JavaScript, since
 * nothing reads TypeScript before that.
 */
import { workerData } from 'node:worker_threads';

const { module } = workerData;
if (module.endsWith('.ts')) (await import('tsx/esm/api')).register();
await import(module);
