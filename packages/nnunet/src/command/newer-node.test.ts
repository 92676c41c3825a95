import { expect, it } from 'vitest';
import { newerNodeHelp } from './newer-node.ts';

const x64 = (version: string) => ({ version, arch: 'x64' as const });

it('speaks of a newer Node only where that is faster', () => {
  expect(newerNodeHelp({ kind: 'cpu' }, x64('v20.19.0'))).toMatch(/^Node 24 would be faster here than v20\.19\.0: /);
  expect(newerNodeHelp({ kind: 'cpu' }, x64('v22.0.0'))).toBeUndefined();
  expect(newerNodeHelp({ kind: 'cpu' }, x64('v100.1.0'))).toBeUndefined();
  expect(newerNodeHelp({ kind: 'webgpu' }, x64('v20.19.0'))).toBeUndefined();
  expect(newerNodeHelp({ kind: 'cpu' }, { version: 'v20.19.0', arch: 'arm64' })).toBeUndefined();
});
