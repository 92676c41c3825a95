/** PyTorch in a process of its own, with as many threads as ours has. */
import { hasModule, PythonPeer } from './python-peer.ts';

interface Answer {
  readonly seconds: number;
  readonly bytes: number;
}

export class TorchPeer extends PythonPeer<Answer> {
  readonly name = 'PyTorch';

  /** Undefined, with the reason on stderr, where there is no Python with PyTorch. */
  static async start(threads: number): Promise<TorchPeer | undefined> {
    return (await hasModule('torch', 'PyTorch')) ? TorchPeer.spawn(threads) : undefined;
  }

  /** Without looking first whether it is there. */
  static spawn(threads: number): TorchPeer {
    return new TorchPeer('torch-peer.py', 'PyTorch', [String(threads)]);
  }

  /** Does the work once and answers with the seconds it took. */
  async run(request: Readonly<Record<string, unknown>>): Promise<number> {
    return (await this.ask(request)).seconds;
  }

  /** The most memory (bytes) that the process has held so far. */
  async peakBytes(): Promise<number> {
    return (await this.ask({ kind: 'peak_memory' })).bytes;
  }
}
