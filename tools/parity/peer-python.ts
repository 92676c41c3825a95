/** Python with PyTorch, as an independent reader of what this project writes: the interpreter that PEER_PYTHON names. */
import { execFileSync } from 'node:child_process';

const python = process.env.PEER_PYTHON;

/** Why there is no peer; undefined where there is one. */
export const missingPeer = python === undefined ? 'PEER_PYTHON names no interpreter with PyTorch' : undefined;

/** Runs a script with arguments and gives the JSON that it prints. */
export function runPython(script: string, ...args: readonly string[]): unknown {
  return JSON.parse(execFileSync(python!, ['-c', script, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 }));
}
