/** JSON with values that no writer writes, for tests of what reads it: well-formed, but of another type, out of range, missing, or under another name. */
import type { HostRandom } from '../../packages/io/src/phantom/random.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const oddValues: readonly Json[] = [null, true, -1, 0, 1.5, 1e9, 2 ** 53, '', 'x', '__proto__', [], [[]], [1e9], {}];

/** One to three values replaced, removed or moved to another key. */
export function oddJson(whole: Json, random: HostRandom): Json {
  const json = structuredClone(whole);
  for (let changes = 1 + random.index(3); changes > 0; changes--) {
    let at = json;
    for (;;) {
      if (typeof at !== 'object' || at === null) break;
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = keys[random.index(keys.length)]!;
      const holder = at as Record<string, Json>;
      const child = holder[key]!;
      if (typeof child === 'object' && child !== null && random.uniform() < 0.85) {
        at = child;
        continue;
      }
      if (random.uniform() < 0.2) delete holder[key];
      else holder[key] = structuredClone(oddValues[random.index(oddValues.length)]!);
      break;
    }
  }
  return json;
}
