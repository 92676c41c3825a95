/** Includes in shader text, and the errors of shaders that are missing or do not compile. */
import { describe, expect, test } from 'vitest';
import { excerpt } from './compile-error.ts';
import { writePreamble } from './preamble.ts';
import { resolveShader, shadersFrom } from './shaders.ts';
import { foldWorkgroups } from './workgroups.ts';

describe('resolveShader', () => {
  test('puts each include in once, where it is first named', async () => {
    const source = shadersFrom({
      'a/main.wgsl': '// #include "one.wgsl"\n// #include "two.wgsl"\nfn main() {}\n',
      'one.wgsl': 'fn one() {}\n',
      'two.wgsl': '// #include "one.wgsl"\nfn two() {}\n',
    });
    expect((await resolveShader('a/main', source)).split('\n').filter((line) => line !== '')).toEqual([
      'fn one() {}',
      'fn two() {}',
      'fn main() {}',
    ]);
  });

  test('includes that name each other end', async () => {
    const source = shadersFrom({ 'a.wgsl': '// #include "b.wgsl"\nA\n', 'b.wgsl': '// #include "a.wgsl"\nB\n' });
    expect((await resolveShader('a', source)).replace(/\n+/g, ' ').trim()).toBe('B A');
  });

  test('names what is missing', async () => {
    const source = shadersFrom({ 'a.wgsl': '// #include "gone.wgsl"' });
    await expect(resolveShader('a', source)).rejects.toThrow("the shader 'gone.wgsl' is missing");
  });
});

test('an excerpt marks the line among its neighbours', () => {
  expect(excerpt('a\nb\nc\nd\ne\nf\ng\nh', 2)).toBe(
    ['     1 | a', '>    2 | b', '     3 | c', '     4 | d', '     5 | e'].join('\n'),
  );
});

test('a preamble enables f16 before anything else', () => {
  const preamble = writePreamble({
    types: { element: 'f16', mask: 'bool' },
    constants: { COUNT: '3u', FAST: true },
    code: 'fn f() {}',
  });
  expect(preamble).toBe(
    'enable f16;\nalias element = f16;\nalias mask = u32;\nconst COUNT = 3u;\nconst FAST = true;\nfn f() {}',
  );
});

test.each([0, 1, 65535, 65536, 131071, 10_000_019])('%i workgroups fit two dimensions with few to spare', (count) => {
  const [x, y, z] = foldWorkgroups(count);
  expect(Math.max(x, y, z)).toBeLessThanOrEqual(65535);
  expect(x * y).toBeGreaterThanOrEqual(count);
  expect(x * y - count).toBeLessThan(Math.max(1, y));
});
