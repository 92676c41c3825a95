/**
 * Wide vectors: V8 can make one 256-bit operation of two 128-bit ones whose results are stored side by side, where it is asked to. It is asked for
 * kernels-wide.wasm only, which has the hottest kernels again with tiles twice as wide. They give the same bits as those whose place they take, and are
 * left out where they do not.
 */
import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { isVoxelgradError } from '../../errors.ts';
import { givesSameBits } from './check-kernels.ts';

/**
 * By version of V8 (Node 22, 24 and 26, the ones that this is tested with), what asks for it: an experiment there, which others may lack. The
 * optimizing compiler must do everything at once, since it reads the flags when it comes to a function; it cannot inline what has not run yet.
 */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '12.4': ['experimental-wasm-revectorize', 'no-liftoff', 'no-wasm-lazy-compilation'],
  '13.6': ['experimental-wasm-revectorize', 'no-liftoff', 'no-wasm-lazy-compilation', 'no-wasm-inlining'],
  '14.6': ['experimental-wasm-revectorize', 'no-liftoff', 'no-wasm-lazy-compilation', 'no-wasm-inlining'],
};

let opened: Promise<WebAssembly.Module | undefined> | undefined;

/** The kernels of `file`, compiled and checked against those of `module` once in a process; undefined where there is nothing to gain. */
export function wideKernels(file: string, module: WebAssembly.Module): Promise<WebAssembly.Module | undefined> {
  opened ??= openWide(file, module);
  return opened;
}

async function openWide(file: string, module: WebAssembly.Module): Promise<WebAssembly.Module | undefined> {
  const version = process.versions.v8.split('.', 2).join('.');
  const flags = process.arch === 'x64' ? FLAGS[version] : undefined;
  if (flags === undefined) return undefined;
  const wide = compileWith(flags, new Uint8Array(await readFile(file)));
  try {
    return (await givesSameBits(module, wide)) ? wide : undefined;
  } catch (error) {
    // The check takes memories of its own.
    if (isVoxelgradError(error, 'out-of-memory')) return undefined;
    throw error;
  }
}

/** At once, so that nothing else is compiled meanwhile; V8 has the opposite of all flags by default. */
function compileWith(flags: readonly string[], bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  for (const flag of flags) setFlagsFromString(`--${flag}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of flags) setFlagsFromString(flag.startsWith('no-') ? `--${flag.slice(3)}` : `--no-${flag}`);
  }
}
