/**
 * Opens the cpu device in a browser: compiled kernels by fetch, worker threads where the page may share memory with them. It may where it is
 * cross-origin isolated, that is, served with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`; else
 * the page's own thread computes.
 */
import { VoxelgradError } from '../../errors.ts';
import { fetchAsset, inFolder } from '../fetch-asset.ts';
import { CpuDevice } from './cpu-device.ts';
import type { SpawnWorker, WorkerHandle } from './queue.ts';
import { chooseKernels } from './relaxed-simd.ts';
import type { WorkerMessage } from './ring.ts';

/** How the cpu device is opened on a page. */
export interface BrowserCpuOptions {
  /** Worker threads; by default one for each core. Results have the same bits for any number. */
  readonly threads?: number;
  /** False: without fused multiply-add even where the engine has it. */
  readonly relaxedSimd?: boolean;
  /** The folder that kernels.wasm and kernels-relaxed.wasm are served from; by default where the package or the bundler has them. */
  readonly assets?: URL;
}

/** Throws 'option' for a number of threads that is none, 'file' where the kernels cannot be fetched. */
export async function openCpu(options: BrowserCpuOptions = {}): Promise<CpuDevice> {
  const threads = options.threads ?? navigator.hardwareConcurrency;
  if (!Number.isInteger(threads) || threads < 1)
    throw new VoxelgradError('option', { what: 'threads', expected: 'a whole number ≥ 1', got: String(threads) });
  const { file, relaxedSimd } = chooseKernels(options.relaxedSimd ?? true);
  const address = options.assets === undefined ? ownKernels(relaxedSimd) : inFolder(file, options.assets);
  const module = await compile(await (await fetchAsset(address)).arrayBuffer(), address);
  return new CpuDevice({ module, relaxedSimd, threads: globalThis.crossOriginIsolated ? threads : 0, spawn });
}

/** Written out in full: bundlers look for these very words to know which files to take along. */
function ownKernels(relaxedSimd: boolean): URL {
  return relaxedSimd
    ? new URL('../../../assets/kernels-relaxed.wasm', import.meta.url)
    : new URL('../../../assets/kernels.wasm', import.meta.url);
}

/** Not `compileStreaming`, which asks for a media type that many servers do not send. */
async function compile(bytes: ArrayBuffer, address: URL): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new VoxelgradError('file', {
      what: `${address.href} is not a WebAssembly module that this browser can run`,
      help: 'check that the server has the folder assets of @voxelgrad/tensor there, and that the browser has WebAssembly SIMD',
      cause,
    });
  }
}

const spawn: SpawnWorker = (start): WorkerHandle => {
  const worker = new Worker(new URL('./worker.browser.js', import.meta.url), { type: 'module', name: 'voxelgrad' });
  worker.postMessage(start);
  return {
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent<WorkerMessage>) => listener(event.data)),
    onDeath: (listener) =>
      worker.addEventListener('error', ({ message }) => listener(message || 'its script could not be loaded')),
    // A page lives until it is left.
    keepAlive: () => {},
    terminate: async () => worker.terminate(),
  };
};
