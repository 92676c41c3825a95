/** What was tuned stays, for its adapter and driver only, and damage to it is harmless. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import { Choices, type Question } from './choices.ts';
import { tunedFolder } from './tuned-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voxelgrad-tuned-'));
});
afterEach(() => rm(folder, { recursive: true }));

const QUESTION: Question = {
  kernel: 'matmul',
  detail: '',
  operands: [{ buffer: { bytes: 16 }, byteOffset: 0, dtype: 'f32', shape: [4] }],
  candidates: ['plain', 'fast'],
  preset: 'plain',
  run: () => {},
};
const KEY = 'matmul f32[4]';
const choiceOf = async (adapter: string): Promise<string> =>
  (await Choices.open(adapter, tunedFolder(folder))).choose(QUESTION);
const onlyFile = async (): Promise<string> => join(folder, (await readdir(folder))[0]!);

test('what is kept is found by later processes, for the same adapter and driver', async () => {
  const choices = await Choices.open('a GPU, driver 1', tunedFolder(folder));
  expect(choices.choose(QUESTION)).toBe('plain');
  await choices.keep(new Map([[KEY, 'fast']]));
  expect(choices.choose(QUESTION)).toBe('fast');
  expect(await choiceOf('a GPU, driver 1')).toBe('fast');
  expect(await choiceOf('a GPU, driver 2')).toBe('plain');
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^a-GPU-driver-1-[0-9a-f]{12}\.json$/)]);
});

test('a file of another driver, of another format or damaged counts as nothing', async () => {
  await (await Choices.open('a GPU', tunedFolder(folder))).keep(new Map([[KEY, 'fast']]));
  const file = await onlyFile();
  const text = await readFile(file, 'utf8');
  const kept = JSON.parse(text) as Record<string, unknown>;
  for (const damaged of [
    text.slice(0, -2),
    '',
    'null',
    '[]',
    JSON.stringify({ ...kept, adapter: 'another GPU' }),
    JSON.stringify({ ...kept, format: 0 }),
    JSON.stringify({ ...kept, choices: { [KEY]: 1 } }),
    JSON.stringify({ ...kept, choices: { [KEY]: 'a candidate that is no more' } }),
  ]) {
    await writeFile(file, damaged);
    expect(await choiceOf('a GPU'), damaged).toBe('plain');
  }
  await writeFile(file, text);
  expect(await choiceOf('a GPU')).toBe('fast');
});

test('a choice that another process made meanwhile stands', async () => {
  const [mine, others] = [
    await Choices.open('a GPU', tunedFolder(folder)),
    await Choices.open('a GPU', tunedFolder(folder)),
  ];
  await others.keep(new Map([[KEY, 'fast']]));
  await mine.keep(
    new Map([
      [KEY, 'plain'],
      ['another', 'plain'],
    ]),
  );
  expect(mine.choose(QUESTION)).toBe('fast');
  const kept = JSON.parse(await readFile(await onlyFile(), 'utf8')) as { choices: unknown };
  expect(kept.choices).toEqual({ [KEY]: 'fast', another: 'plain' });
});

test('where nothing can be kept, nothing is adopted', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const choices = await Choices.open('a GPU', tunedFolder(join(file, 'below a file')));
  const failure = await choices.keep(new Map([[KEY, 'fast']])).catch((error: unknown) => error);
  expect(isVoxelgradError(failure, 'file') && failure.message).toContain('VOXELGRAD_TUNED');
  expect(choices.choose(QUESTION)).toBe('plain');
});

test('only what is not tuned yet, and leaves a choice, is asked for', async () => {
  const choices = new Choices('a GPU', undefined, new Map([[KEY, 'fast']]));
  const asked = choices.listen(() => {
    choices.choose(QUESTION);
    choices.choose({ ...QUESTION, kernel: 'conv3d' });
    choices.choose({ ...QUESTION, kernel: 'single', candidates: ['plain'] });
  });
  expect([...asked.keys()]).toEqual(['conv3d f32[4]']);
});
