// @ts-check
/** The worker's entry in browsers. */
import { runWorker } from './worker-loop.js';

self.onmessage = (event) => runWorker(event.data, (message) => self.postMessage(message));
