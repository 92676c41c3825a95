/** `pnpm parity` as a user runs it, on folders made here: what passes, what fails and how that is told, what is refused. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '@voxelgrad/nn';
import { afterAll, describe, expect, it } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-parity-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface GoldenCase {
  readonly name: string;
  readonly op: string;
  readonly attrs?: Readonly<Record<string, unknown>>;
  /** Name → shape and values. */
  readonly tensors: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
}

/** A folder in the fixtures' format. */
function makeFolder(name: string, group: string | undefined, cases: readonly GoldenCase[]): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const entries = cases.map(({ tensors, attrs = {}, ...entry }) => {
    const arrays = Object.entries(tensors).map(
      ([key, [shape, values]]) => [key, { dtype: 'F32', shape, data: Float32Array.from(values) }] as const,
    );
    writeFileSync(join(folder, `${entry.name}.safetensors`), writeSafetensors(new Map(arrays)));
    return { ...entry, attrs, tolerance: { rtol: 0, atol: 1e-3 }, file: `${entry.name}.safetensors` };
  });
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ group, cases: entries }));
  return folder;
}

function parity(...args: readonly string[]) {
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, ...args], {
    encoding: 'utf8',
  });
  return { status, lines: stdout.trim().split('\n'), stderr };
}

const relu = (name: string, last: number): GoldenCase => ({
  name,
  op: 'relu',
  tensors: { 'in.x': [[3], [-1, 0.5, 2]], out: [[3], [0, 0.5, last]] },
});

describe('pnpm parity', () => {
  it('passes what agrees, tells by how much the rest is off, and counts both in JSON', () => {
    const folder = makeFolder('one good, one corrupted', 'ops', [relu('good', 2), relu('corrupted', 2.0625)]);
    const json = join(root, 'result.json');
    const { status, lines } = parity(folder, '--json', json);
    expect(status).toBe(1);
    expect(lines[0]).toBe('FAILED ops/corrupted: out[2] is 2, expected 2.0625, 62.5 × the tolerance');
    expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
    const result = JSON.parse(readFileSync(json, 'utf8'));
    expect(result).toEqual({
      device: 'cpu',
      passed: 1,
      failed: 1,
      skipped: 0,
      areas: { ops: { passed: 1, failed: 1, skipped: 0, worst: 62.5 } },
    });
  });

  it('takes new cases of known ops: by the group of the index, whatever the folder is called', () => {
    const x: GoldenCase['tensors'][string] = [
      [1, 1, 2, 4],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ];
    const folder = makeFolder('my cases', 'ops', [
      {
        name: 'max',
        op: 'max_pool2d',
        attrs: { kernel: 2 },
        tensors: {
          'in.x': x,
          out: [
            [1, 1, 1, 2],
            [6, 8],
          ],
        },
      },
      {
        name: 'average',
        op: 'avg_pool2d',
        attrs: { kernel: [1, 2], stride: [1, 2] },
        tensors: {
          'in.x': x,
          out: [
            [1, 1, 2, 2],
            [1.5, 3.5, 5.5, 7.5],
          ],
        },
      },
      {
        name: 'slice',
        op: 'slice',
        attrs: {
          slices: [
            [0, 1, 1],
            [null, null, null],
            [-1, null, 1],
            [-1, -4, -2],
          ],
        },
        tensors: {
          'in.x': x,
          out: [
            [1, 1, 1, 2],
            [8, 6],
          ],
        },
      },
      {
        name: 'grid',
        op: 'grid_sample2d',
        attrs: { align_corners: true },
        tensors: {
          'in.x': x,
          'in.g': [
            [1, 1, 2, 2],
            [1, -1, -1, 0],
          ],
          out: [
            [1, 1, 1, 2],
            [4, 3],
          ],
        },
      },
      {
        name: 'sum of losses',
        op: 'bce_with_logits',
        attrs: { reduction: 'sum' },
        tensors: { 'in.x': [[3], [0, 0, 0]], 'in.t': [[3], [0, 1, 0.5]], out: [[], [3 * Math.LN2]] },
      },
      {
        name: 'expression',
        op: 'chain',
        attrs: { expr: 'sum((a - 1) * -a / 2, [1], keepdim)' },
        tensors: {
          'in.a': [
            [1, 2],
            [3, 5],
          ],
          out: [[1, 1], [-13]],
        },
      },
    ]);
    const { lines, status } = parity(folder);
    expect(lines.at(-1), lines.join('\n')).toBe('6 passed, 0 failed, 0 skipped');
    expect(status).toBe(0);
  });

  it('fails cases that ask for what it does not know', () => {
    const tensors = relu('', 2).tensors;
    const folder = makeFolder('ops', undefined, [
      { name: 'op', op: 'reluu', tensors },
      { name: 'attribute', op: 'relu', attrs: { inplace: true }, tensors },
      { name: 'mode', op: 'pad', attrs: { pad_last_axis_first: [1, 1], mode: 'circular' }, tensors },
      {
        name: 'reduction',
        op: 'bce_with_logits',
        attrs: { reduction: 'max' },
        tensors: { ...tensors, 'in.t': [[3], [0, 0, 0]] },
      },
      { name: 'name', op: 'chain', attrs: { expr: 'x*y' }, tensors },
      { name: 'output', op: 'relu', tensors: { 'in.x': [[1], [1]] } },
    ]);
    const { status, lines } = parity(folder, '--only', 'ops');
    expect(lines.filter((line) => line.startsWith('FAILED'))).toEqual([
      'FAILED ops/op: parity: expected a known op, got reluu',
      'FAILED ops/attribute: attributes of the case: expected only those that its kind of case knows, got inplace = true',
      'FAILED ops/mode: attribute mode: expected constant or reflect or replicate, got "circular"',
      'FAILED ops/reduction: attribute reduction: expected mean or none or sum, got "max"',
      "FAILED ops/name: the expression 'x*y': expected a number, a list or one of the inputs x, got y",
      'FAILED ops/output: a golden case: expected the tensor out, got none',
    ]);
    expect(lines.at(-1)).toBe('0 passed, 6 failed, 0 skipped');
    expect(status).toBe(1);
  });

  it.each([
    ['an unknown area', ['unknown'], /unknown: expected an area: ops, losses, .*, got unknown\nhelp: /],
    ['an unknown --only', ['known', '--only', 'ops,optm'], /--only: expected an area: ops, losses, .*, got optm\n/],
    [
      'an --only of which there are no cases',
      ['known', '--only', 'optim'],
      /--only: expected some of ops, got optim\n/,
    ],
    ['a folder without cases', ['nowhere'], /nowhere: expected a folder with golden cases .*, got nothing there\n/],
    ['an unknown option', ['known', '--onyl', 'ops'], /^pnpm parity: got Unknown option '--onyl'/],
  ])('refuses %s, without a stack', (_, [folder, ...options], message) => {
    makeFolder('unknown', undefined, [relu('a', 2)]);
    makeFolder('known', 'ops', [relu('a', 2)]);
    const { status, stderr } = parity(join(root, folder!), ...options);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
