/** The command as a whole: what it lists, what it refuses, where it finds data sets. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePhantomFiles } from '@voxelgrad/io/node';
import { afterAll, describe, expect, it } from 'vitest';
import { voxelgrad } from './command.testing.ts';
import { runVoxelgrad } from './dispatch.ts';
import { datasetName } from './folders.ts';
import { writeRawPhantoms } from './raw-phantoms.testing.ts';
import { commands } from './registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('voxelgrad', () => {
  it('lists its commands, with and without --help', async () => {
    for (const words of [[], ['--help'], ['help']]) {
      const { lines } = await voxelgrad(words);
      for (const name of Object.keys(commands))
        expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name} +[A-Z].*\\.$`)));
    }
  });

  it.each(Object.keys(commands))('%s explains itself, and refuses what it does not know', async (name) => {
    const { lines } = await voxelgrad([name, '--help']);
    expect(lines).toContainEqual(expect.stringContaining(`usage: voxelgrad ${name}`));
    await expect(voxelgrad([name, '--no-such-option'])).rejects.toThrow(/unknown option '--no-such-option'/);
  });

  it('names the command that was meant', async () => {
    await expect(voxelgrad(['chekc'])).rejects.toThrow(/unknown command 'chekc'\nhelp: Did you mean check\?/);
    await expect(voxelgrad(['constructor'])).rejects.toThrow(/unknown command 'constructor'/);
  });
});

describe('data sets', () => {
  it('are found by number and by name', async () => {
    for (const name of ['Dataset004_Hippocampus', 'Dataset012_A', 'Dataset012_B'])
      mkdirSync(join(folder, 'raw', name), { recursive: true });
    const roots = [join(folder, 'none'), join(folder, 'raw')];
    for (const identifier of ['4', '004', 'Dataset004_Hippocampus'])
      expect(await datasetName(identifier, roots)).toBe('Dataset004_Hippocampus');
    await expect(datasetName('5', roots)).rejects.toThrow(
      /data set 5: expected one folder Dataset005_NAME .* got none\nhelp: There are Dataset004_Hippocampus, Dataset012_A, Dataset012_B\. .*plan-and-preprocess/,
    );
    await expect(voxelgrad(['check', 'Dataset005_X', '--raw', roots[1]!])).rejects.toThrow(
      /help: There are Dataset004/,
    );
    await expect(datasetName('5', [roots[0]!])).rejects.toThrow(/help: There is no data set\./);
    await expect(datasetName('12', roots)).rejects.toThrow(/got Dataset012_A, Dataset012_B/);
    await expect(datasetName('brain', roots)).rejects.toThrow(/expected its number, or its name/);
  });

  it('need a folder that the environment or an option names', async () => {
    await expect(voxelgrad(['check', '4'])).rejects.toThrow(/expected the environment variable nnUNet_raw, or --raw/);
    await expect(voxelgrad(['check', '4'], { nnUNet_raw: join(folder, 'raw') })).rejects.toThrow(/dataset\.json/);
  });
});

describe('check', () => {
  it('counts the cases of a sound data set', async () => {
    const place = join(folder, 'phantoms');
    await writePhantomFiles(place, { cases: 2, seed: 1, shape: [16, 20, 18] });
    const { lines, status } = await voxelgrad(['check', place]);
    expect(lines).toEqual([expect.stringMatching(/2 cases, no problems, no warnings$/)]);
    expect(status).toContain('2/2');
  });

  it('shows all problems, however many there are', async () => {
    const place = join(folder, 'broken');
    await writeRawPhantoms(place, 7);
    const names = readdirSync(join(place, 'labelsTr'));
    for (const name of names) writeFileSync(join(place, 'labelsTr', name), 'no image');
    const lines: string[] = [];
    const run = runVoxelgrad(['check', place, '--no-progress'], {
      signal: new AbortController().signal,
      environment: {},
      print: (line) => lines.push(line),
      status: { write: () => undefined },
    });
    await expect(run).rejects.toThrow(/got 7, listed above/);
    expect(lines[0]).toMatch(/: 7 cases, 7 problems, no warnings\n/);
    for (const name of names) expect(lines[0]).toContain(name);
  });
});
