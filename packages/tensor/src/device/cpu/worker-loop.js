// @ts-check
/**
 * What a worker thread does: take the next command of the ring, claim its items one by one, wait until all of them are done, go on.
 * Plain JavaScript, because a worker starts without the loader that the rest of the sources run under.
 */

/** Looks at memory this often before it sleeps: about 20 µs, shorter than a wake-up. */
const SPINS = 1000;

/**
 * @param {import('./ring.ts').WorkerStart} start
 * @param {(message: import('./ring.ts').WorkerMessage) => void} post
 */
export function runWorker(start, post) {
  const { modules, memory, kernelNames, thread, ring } = start;
  const abort = () => {
    throw new Error('the kernel aborted');
  };
  const instances = modules.map((module) => new WebAssembly.Instance(module, { env: { memory, abort } }));
  const exports = Object.assign({}, ...instances.map((instance) => instance.exports));
  const kernels = kernelNames.map((name) => /** @type {Function} */ (exports[name]));
  const words = new Int32Array(memory.buffer, 0, ring.baseByte / 4 + ring.controlWords + ring.slots * ring.slotWords);
  const control = ring.baseByte / 4;
  const firstSlot = control + ring.controlWords;
  const headWord = control + ring.head;
  const completedWord = control + ring.completed;
  const positionWord = control + ring.positions + thread;

  /** Waits until the counter at `word` has passed `position` (counters wrap, so compare by difference). */
  const waitPast = (/** @type {number} */ word, /** @type {number} */ position) => {
    for (let spin = 0; ; spin++) {
      const value = Atomics.load(words, word);
      if (((value - position) | 0) > 0) return true;
      if (Atomics.load(words, control + ring.stop) !== 0) return false;
      if (spin > SPINS) Atomics.wait(words, word, value);
    }
  };

  post({ type: 'ready' });
  for (let position = 0; ; position = (position + 1) | 0) {
    Atomics.store(words, positionWord, position);
    if (!waitPast(headWord, position)) return;
    const slot = firstSlot + ((position >>> 0) % ring.slots) * ring.slotWords;
    const kernel = /** @type {number} */ (words[slot + ring.kernel]);
    const items = /** @type {number} */ (words[slot + ring.items]);
    const parameters = 4 * (slot + ring.parameters);
    for (;;) {
      const item = Atomics.add(words, slot + ring.next, 1);
      if (item >= items) break;
      try {
        // Only the marker is none of the kernels.
        const run = kernels[kernel];
        if (run === undefined) {
          const time = performance.timeOrigin + performance.now();
          post({ type: 'marker', id: /** @type {number} */ (words[slot + ring.parameters]), time });
        } else run(parameters, item, thread);
      } catch (error) {
        // Counted where the calling thread can see it, since messages of several workers arrive in any order.
        Atomics.add(words, control + ring.failures, 1);
        post({ type: 'failed', kernel: kernelNames[kernel] ?? 'marker', position, message: String(error) });
      }
      if (Atomics.add(words, slot + ring.finished, 1) + 1 === items) {
        Atomics.store(words, completedWord, (position + 1) | 0);
        Atomics.notify(words, completedWord);
      }
    }
    if (!waitPast(completedWord, position)) return;
  }
}
