// @ts-check
/** The worker's entry in Node. */
import { parentPort, workerData } from 'node:worker_threads';
import { runWorker } from './worker-loop.js';

runWorker(workerData, (message) => parentPort?.postMessage(message));
