/** A Python script in a process of its own that answers each line of JSON with another: the interpreter that PEER_PYTHON names, `python3` by default. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The interpreter. */
export const PYTHON = process.env.PEER_PYTHON ?? 'python3';

/** Whether that Python can import a module; says so on stderr if not. `title`: what the module belongs to. */
export async function hasModule(module: string, title: string): Promise<boolean> {
  const available = await new Promise<boolean>((resolve) => {
    const probe = spawn(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' });
    probe.on('error', () => resolve(false));
    probe.on('exit', (code) => resolve(code === 0));
  });
  if (!available)
    process.stderr.write(`no peer: ${PYTHON} has no ${title}; PEER_PYTHON names an interpreter that has\n`);
  return available;
}

export class PythonPeer<Answer> {
  readonly #process: ChildProcess;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  /** `script`: a file beside this one. */
  constructor(script: string, title: string, words: readonly string[] = []) {
    const path = fileURLToPath(new URL(script, import.meta.url));
    this.#process = spawn(PYTHON, [path, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout! }).on('line', (line) =>
      this.#waiting.shift()?.resolve(JSON.parse(line) as Answer),
    );
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting) reject(new Error(`the ${title} peer ended with code ${code}`));
    });
  }

  ask(request: object): Promise<Answer> {
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
