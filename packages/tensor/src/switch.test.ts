import { describe, expect, it } from 'vitest';
import { isAutocast } from './autocast.ts';
import { isRecording } from './autograd.ts';
import { isVoxelgradError } from './errors.ts';
import { autocast, noGrad, recomputing } from './index.ts';
import { isRecomputing } from './recompute.ts';

const SETTINGS = [
  { name: 'noGrad', run: noGrad, isOn: () => !isRecording() },
  { name: 'autocast', run: autocast, isOn: isAutocast },
  { name: 'recomputing', run: recomputing, isOn: isRecomputing },
];

describe.each(SETTINGS)('$name', ({ name, run, isOn }) => {
  it('holds while its work runs, however that ends', () => {
    expect(run(isOn)).toBe(true);
    expect(isOn()).toBe(false);
    const failure = new Error('mine');
    expect(() =>
      run(() => {
        throw failure;
      }),
    ).toThrow(failure);
    expect(isOn()).toBe(false);
  });

  it('refuses asynchronous work, after whose first await it would not hold', () => {
    let error: unknown;
    try {
      run(async () => undefined);
    } catch (caught) {
      error = caught;
    }
    expect(isVoxelgradError(error, 'option')).toBe(true);
    expect(String(error)).toContain(`${name}: expected a function that returns at once`);
    expect(isOn()).toBe(false);
  });
});
