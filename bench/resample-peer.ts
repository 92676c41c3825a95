/** scikit-image in a process of its own: the interpreter that PEER_PYTHON names, `python3` by default. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env.PEER_PYTHON ?? 'python3';

export class PythonPeer {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (seconds: number) => void; reject: (error: Error) => void }[] = [];

  private constructor(child: ChildProcess) {
    this.#process = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#waiting.shift()?.resolve(Number(line)));
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the scikit-image peer ended with code ${code}`));
    });
  }

  /** Undefined, with the reason on stderr, where there is no Python with scikit-image. */
  static async start(): Promise<PythonPeer | undefined> {
    const available = await new Promise<boolean>((resolve) => {
      const probe = spawn(PYTHON, ['-c', 'import skimage.transform'], { stdio: 'ignore' });
      probe.on('error', () => resolve(false));
      probe.on('exit', (code) => resolve(code === 0));
    });
    if (!available) {
      process.stderr.write(`no peer: ${PYTHON} has no scikit-image; PEER_PYTHON names an interpreter that has\n`);
      return undefined;
    }
    const script = fileURLToPath(new URL('resample-peer.py', import.meta.url));
    return new PythonPeer(spawn(PYTHON, [script], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Does the work once and answers with the seconds it took. */
  run(request: object): Promise<number> {
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
