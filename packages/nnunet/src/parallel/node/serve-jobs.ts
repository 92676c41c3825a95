/** A worker's side of the pool: see worker-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorCode, type ErrorDetails, isVoxelgradError } from '@voxelgrad/tensor';

/** What a worker starts with. */
export interface WorkerData {
  /** URL of the worker's module. */
  readonly module: string;
  readonly setup: unknown;
}

/** An error as it crosses threads. */
export interface SentError {
  readonly code?: ErrorCode;
  readonly details?: ErrorDetails;
  readonly message: string;
  readonly stack?: string | undefined;
}

export type ToWorker = { readonly id: number; readonly job: unknown };
export type FromWorker = { readonly id: number } & ({ readonly result: unknown } | { readonly error: SentError });

/** Makes the function that does jobs from what all workers are given, then does whatever comes. */
export function serveJobs<Setup, Job, Result>(start: (setup: Setup) => Promise<(job: Job) => Promise<Result>>): void {
  const started = start((workerData as WorkerData).setup as Setup);
  // A failure to start is told with the first job.
  started.catch(() => undefined);
  parentPort!.on('message', async ({ id, job }: ToWorker) => {
    let answer: FromWorker;
    try {
      answer = { id, result: await (await started)(job as Job) };
    } catch (error) {
      answer = { id, error: sent(error) };
    }
    parentPort!.postMessage(answer);
  });
}

function sent(error: unknown): SentError {
  if (isVoxelgradError(error)) {
    const { cause: _, ...details } = error.details;
    return { code: error.code, details, message: error.message };
  }
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}
