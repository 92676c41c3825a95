/** Opens the cpu device in Node: compiled kernels from disk, worker threads. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { VoxelgradError } from '../../errors.ts';
import { CpuDevice } from './cpu-device.ts';
import type { SpawnWorker, WorkerHandle } from './queue.ts';
import { chooseKernels } from './relaxed-simd.ts';
import type { WorkerMessage } from './ring.ts';
import { wideKernels } from './wide-simd.ts';

/** How the cpu device is opened. */
export interface CpuOptions {
  /** Worker threads; by default one for each core. Results have the same bits for any number. */
  readonly threads?: number;
  /** False: without fused multiply-add even where the engine has it. */
  readonly relaxedSimd?: boolean;
  /** False: without 256-bit vectors even where the engine can make them (see wide-simd.ts). Results have the same bits with and without. */
  readonly wideSimd?: boolean;
}

const source = fileURLToPath(new URL('../../', import.meta.url));
const assets = fileURLToPath(new URL('../../../assets/', import.meta.url));

/** Opens the cpu device. Throws 'option' for a number of threads that is none, 'out-of-memory' where the system grants no memory to share. */
export async function openCpu(options: CpuOptions = {}): Promise<CpuDevice> {
  const threads = options.threads ?? availableParallelism();
  if (!Number.isInteger(threads) || threads < 1)
    throw new VoxelgradError('option', { what: 'threads', expected: 'a whole number ≥ 1', got: String(threads) });
  // In the workspace the kernels' sources lie here; a published package has only the binaries.
  if (existsSync(`${source}device/cpu/kernels.as.ts`)) {
    const { compileKernels } = await import('./compile-kernels.ts');
    await compileKernels(source, assets);
  }
  // Node 20 has relaxed SIMD behind a flag, which must be set before the first module that uses it is compiled; later versions do not know the flag.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd');
  const { file, relaxedSimd } = chooseKernels(options.relaxedSimd ?? true);
  const module = await WebAssembly.compile(new Uint8Array(await readFile(`${assets}${file}`)));
  const wide =
    relaxedSimd && (options.wideSimd ?? true) ? await wideKernels(`${assets}kernels-wide.wasm`, module) : undefined;
  return new CpuDevice({ module, wide, relaxedSimd, threads, spawn });
}

const spawn: SpawnWorker = (start): WorkerHandle => {
  const worker = new Worker(new URL('./worker.node.js', import.meta.url), { workerData: start, execArgv: [] });
  let terminated = false;
  return {
    onMessage: (listener) => worker.on('message', (message: WorkerMessage) => listener(message)),
    onDeath: (listener) => {
      worker.on('error', (error) => listener(error.message));
      worker.on('exit', (code) => {
        if (!terminated) listener(`exit code ${code}`);
      });
    },
    keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: async () => {
      terminated = true;
      await worker.terminate();
    },
  };
};
