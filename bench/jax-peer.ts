/** jax-js on its WebAssembly backend, compiled (`jit`), channels first as it has them. Its threads want a page that is isolated: in Node it runs on one. */
import type { JavaScriptEngine } from './javascript-engine.ts';

export async function openJax(): Promise<JavaScriptEngine> {
  const { defaultDevice, init, jit, lax, random, vjp } = await import('@jax-js/jax');
  if (!(await init('wasm')).includes('wasm')) throw new Error('it does not start on WebAssembly');
  defaultDevice('wasm');
  type JaxArray = ReturnType<typeof random.normal>;
  const convolve = (x: JaxArray, weight: JaxArray): JaxArray => lax.convGeneralDilated(x, weight, [1, 1, 1], 'SAME');
  const forward = jit((x: JaxArray, weight: JaxArray) => [convolve(x, weight)]);
  const withGradients = jit((x: JaxArray, weight: JaxArray, dy: JaxArray) => {
    const [y, backward] = vjp(convolve, [x, weight]);
    return [y, ...backward(dy)];
  });
  return {
    name: 'jax-js wasm, 1 thread',
    async convolution(channels, size, backward) {
      const volume = [1, channels, size, size, size];
      const x = random.normal(random.key(1), volume);
      const weight = random.normal(random.key(2), [channels, channels, 3, 3, 3]);
      const dy = random.normal(random.key(3), volume);
      // A call consumes its arguments: `ref` is another reference.
      return async () => {
        const results = backward ? withGradients(x.ref, weight.ref, dy.ref) : forward(x.ref, weight.ref);
        for (const result of results) await result.data();
        return undefined;
      };
    },
  };
}
