/** Medians against SciPy's `median_filter`, on every device. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { fromArray, medianFilter, tidy } from '../../index.ts';
import { describeOnEach, testValues } from '../../testing.ts';
import { lacking } from '../../testing-skips.ts';

const python = process.env.PEER_PYTHON;

describeOnEach('median filters on $name', ({ open }) => {
  it(
    'are those of SciPy',
    lacking(python === undefined ? 'PEER_PYTHON names no Python with SciPy' : undefined),
    async () => {
      const device = await open();
      const values = testValues([5, 6, 7], 4);
      for (const size of [2, 3, 5, 7]) {
        const code = `import json,sys,numpy as np;from scipy.ndimage import median_filter;x=np.array(json.load(sys.stdin),np.float32).reshape(5,6,7);print(json.dumps(median_filter(x,size=${size}).ravel().tolist()))`;
        const theirs = JSON.parse(
          execFileSync(python!, ['-c', code], { input: JSON.stringify([...values]) }).toString(),
        );
        const result = tidy(() => medianFilter(fromArray(values, [1, 5, 6, 7, 1], { device }), [size, size, size]));
        expect([...(await result.data())]).toEqual(theirs);
        result.dispose();
      }
    },
  );
});
