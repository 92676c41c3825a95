/**
 * Jobs on several threads, each with modules and memory of its own. A worker's module calls `serveJobs`; the pool hands it one job after the other.
 * An error of a job ends the run and is thrown here, as it was there.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { FromWorker, SentError, ToWorker, WorkerData } from './serve-jobs.ts';

export interface RunOptions<Job, Result> {
  /** The worker's module beside the caller: `new URL('./case-worker.ts', import.meta.url)`. */
  readonly module: URL;
  /** What each worker is given before its first job. */
  readonly setup: unknown;
  readonly threads: number;
  /** Jobs that each worker has at once, for those that wait for a disk; 1 by default. */
  readonly atOnce?: number;
  readonly jobs: readonly Job[];
  /** Called in the order in which jobs end. */
  readonly onResult: (result: Result, job: Job) => void;
  /** No further job is begun once it aborts; those that run end first. */
  readonly signal: AbortSignal;
}

/** Runs all jobs. Throws the first error of a job, and the signal's reason. */
export async function runInWorkers<Job, Result>(options: RunOptions<Job, Result>): Promise<void> {
  const { jobs, signal, atOnce = 1 } = options;
  let next = 0;
  let failed = false;
  const doJobs = async (worker: JobWorker<Job, Result>): Promise<void> => {
    while (!failed && !signal.aborted && next < jobs.length) {
      const job = jobs[next++]!;
      try {
        options.onResult(await worker.run(job), job);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await all(Math.min(options.threads, jobs.length), async () => {
    const worker = new JobWorker<Job, Result>(options.module, options.setup);
    try {
      await all(atOnce, () => doJobs(worker));
    } finally {
      await worker.close();
    }
  });
  signal.throwIfAborted();
}

/** Runs `work` so many times at once. Throws the first error, when all have ended. */
async function all(count: number, work: () => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(Array.from({ length: count }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

class JobWorker<Job, Result> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(result: Result): void; reject(error: unknown): void }>();
  #jobs = 0;
  #death: unknown;

  constructor(module: URL, setup: unknown) {
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { setup, module: entryOf(module) } satisfies WorkerData,
      execArgv: [],
    });
    this.#worker.on('message', (message: FromWorker) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ('error' in message) waiting?.reject(received(message.error));
      else waiting?.resolve(message.result as Result);
    });
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', (code) =>
      this.#die(new VoxelgradError('device', { what: 'a worker thread', got: `its end, with exit code ${code}` })),
    );
  }

  run(job: Job): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) return reject(this.#death);
      const id = this.#jobs++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, job } satisfies ToWorker);
    });
  }

  async close(): Promise<void> {
    this.#worker.removeAllListeners('exit');
    await this.#worker.terminate();
  }

  #die(error: unknown): void {
    this.#death ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#death);
    this.#waiting.clear();
  }
}

/** In the workspace a module is TypeScript, in a published package JavaScript of the same name. */
const entryOf = (module: URL): string => (existsSync(module) ? module.href : module.href.replace(/\.ts$/, '.js'));

function received({ code, details, message, stack }: SentError): Error {
  if (code !== undefined && details !== undefined) return new VoxelgradError(code, details);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
