/** Other engines in JavaScript, as peers on the processor. Each is optional: one that does not load says why on stderr. */
import type { Candidate } from './measure.ts';

export interface JavaScriptEngine {
  /** As rows name it, with its threads. */
  readonly name: string;
  /** One 3×3×3 convolution with `channels` in and out, with both gradients if `backward`, each time it is called; undefined where it has none. */
  convolution(channels: number, size: number, backward: boolean): Promise<Candidate | undefined>;
}

/** The engine that `load` gives, or undefined with the reason on stderr. */
export async function openEngine<Engine extends JavaScriptEngine>(
  name: string,
  load: () => Promise<Engine>,
): Promise<Engine | undefined> {
  try {
    return await load();
  } catch (error) {
    process.stderr.write(`no peer: ${name} does not load: ${error instanceof Error ? error.message : error}\n`);
    return undefined;
  }
}
