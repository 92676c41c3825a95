/** Every op that the package exports from its folder `ops` is among the cases that gradients, and gradients of gradients, are tested with; or there is a reason. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as tensor from '../packages/tensor/src/index.ts';
import { FUNCTIONS } from '../packages/tensor/src/reference/functions.ts';

const folder = new URL('../packages/tensor/src/reference/', import.meta.url);
const index = readFileSync(new URL('../packages/tensor/src/index.ts', import.meta.url), 'utf8');

const NO_GRADIENT = 'its result has no gradient';
const NO_OP = 'not an op';
const STEP = 'a step function';
/** What is exported and not among the cases, and why. */
const WITHOUT_CASE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'resizeLabels argMax argMin equal notEqual greater greaterEqual less lessEqual logicalAnd logicalOr logicalXor finite overwrite'
      .split(' ')
      .map((name) => [name, NO_GRADIENT]),
  ),
  ...Object.fromEntries('sign ceil floor round'.split(' ').map((name) => [name, STEP])),
  ...Object.fromEntries('RandomGenerator borderIndex philox resizeSources'.split(' ').map((name) => [name, NO_OP])),
  cast: 'f16 is too coarse for finite differences: ops/copy/copy.kernels.test.ts',
  filterAxis: 'for augmentation, not recorded',
  medianFilter: 'for augmentation, not recorded',
};

it('ops and cases are the same', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('-cases.ts'));
  const text = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const covered = new Set([...text.matchAll(/\bvg\.(\w+)/g)].map(([, name]) => name!).concat(Object.keys(FUNCTIONS)));
  const fromOps = [...index.matchAll(/export \{([^}]*)\} from '\.\/ops\//g)].flatMap(
    ([, names]) => names!.match(/\w+/g) ?? [],
  );
  const missing = Object.entries(tensor)
    .filter(([name, value]) => typeof value === 'function' && fromOps.includes(name) && !covered.has(name))
    .map(([name]) => name);
  expect(missing.sort()).toEqual(Object.keys(WITHOUT_CASE).sort());
});
