/** PyTorch in a process of its own, with as many threads as ours has: the interpreter that PEER_PYTHON names, `python3` by default. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env.PEER_PYTHON ?? 'python3';

interface Answer {
  readonly seconds: number;
  readonly bytes: number;
}

export class TorchPeer {
  readonly name = 'PyTorch';
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  private constructor(child: ChildProcess) {
    this.#process = child;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as Answer);
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the PyTorch peer ended with code ${code}`));
    });
  }

  /** Undefined, with the reason on stderr, where there is no Python with PyTorch. */
  static async start(threads: number): Promise<TorchPeer | undefined> {
    const available = await new Promise<boolean>((resolve) => {
      const probe = spawn(PYTHON, ['-c', 'import torch'], { stdio: 'ignore' });
      probe.on('error', () => resolve(false));
      probe.on('exit', (code) => resolve(code === 0));
    });
    if (!available) {
      process.stderr.write(`no peer: ${PYTHON} has no PyTorch; PEER_PYTHON names an interpreter that has\n`);
      return undefined;
    }
    return TorchPeer.spawn(threads);
  }

  /** Without looking first whether it is there. */
  static spawn(threads: number): TorchPeer {
    const script = fileURLToPath(new URL('torch-peer.py', import.meta.url));
    return new TorchPeer(spawn(PYTHON, [script, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Does the work once and answers with the seconds it took. */
  async run(request: Readonly<Record<string, unknown>>): Promise<number> {
    return (await this.#ask(request)).seconds;
  }

  /** The most memory (bytes) that the process has held so far. */
  async peakBytes(): Promise<number> {
    return (await this.#ask({ kind: 'peak_memory' })).bytes;
  }

  #ask(request: Readonly<Record<string, unknown>>): Promise<Answer> {
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
