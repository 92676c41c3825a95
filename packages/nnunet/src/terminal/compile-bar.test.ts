import { describe, expect, it } from 'vitest';
import { compileBar } from './compile-bar.ts';

describe('the bar of kernels that are compiled', () => {
  const told = (reports: readonly (readonly [number, number])[]): string => {
    const written: string[] = [];
    const bar = compileBar({ isTTY: true, columns: 80, write: (part) => written.push(part) });
    for (const [done, total] of reports) bar(done, total);
    return written.join('');
  };

  it('ends full, on a line of its own', () => {
    const text = told([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(text).toContain('compiling');
    expect(text.split('\r').at(-1)).toContain('2/2');
    expect(text.endsWith('\n')).toBe(true);
  });

  it('is not there where nothing is compiled', () => {
    expect(told([[0, 0]])).toBe('');
  });
});
