/** PyTorch in a process of its own, with as many threads as ours has: the interpreter that PEER_PYTHON names, `python3` by default. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export class TorchPeer {
  readonly name = 'PyTorch';
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (seconds: number) => void; reject: (error: Error) => void }[] = [];

  private constructor(child: ChildProcess) {
    this.#process = child;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { seconds } = JSON.parse(line) as { seconds: number };
      this.#waiting.shift()?.resolve(seconds);
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the PyTorch peer ended with code ${code}`));
    });
  }

  /** Undefined, with the reason on stderr, where there is no Python with PyTorch. */
  static async start(threads: number): Promise<TorchPeer | undefined> {
    const python = process.env.PEER_PYTHON ?? 'python3';
    const script = fileURLToPath(new URL('torch-peer.py', import.meta.url));
    const available = await new Promise<boolean>((resolve) => {
      const probe = spawn(python, ['-c', 'import torch'], { stdio: 'ignore' });
      probe.on('error', () => resolve(false));
      probe.on('exit', (code) => resolve(code === 0));
    });
    if (!available) {
      process.stderr.write(`no peer: ${python} has no PyTorch; PEER_PYTHON names an interpreter that has\n`);
      return undefined;
    }
    return new TorchPeer(spawn(python, [script, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Does the work once and answers with the seconds it took. */
  run(request: Readonly<Record<string, unknown>>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    });
  }

  stop(): void {
    this.#process.removeAllListeners('exit');
    this.#process.kill();
  }
}
