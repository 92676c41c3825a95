/** Files on disk: atomic writing, a full disk, and images there and back. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, describe, expect, it } from 'vitest';
import { countingImage } from '../testing/images.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { openFile, openFolder } from './files.ts';
import { readImageFile, writeImageFile } from './images.ts';
import { ScratchFile } from './scratch-file.ts';

const folder = temporaryFolder();

describe('writeFileAtomic', () => {
  it('writes text, bytes and streams, and leaves nothing beside them', async () => {
    const place = join(folder, 'content');
    mkdirSync(place);
    await writeFileAtomic(join(place, 'a'), 'text ü');
    await writeFileAtomic(join(place, 'b'), Uint8Array.of(1, 2));
    await writeFileAtomic(join(place, 'c'), [Uint8Array.of(1), Uint8Array.of(2, 3)]);
    expect(readFileSync(join(place, 'a'), 'utf8')).toBe('text ü');
    expect([...readFileSync(join(place, 'c'))]).toEqual([1, 2, 3]);
    expect(readdirSync(place)).toEqual(['a', 'b', 'c']);
  });

  it('keeps the old file, and nothing else, when the content fails half-way', async () => {
    const place = join(folder, 'half');
    mkdirSync(place);
    await writeFileAtomic(join(place, 'a'), 'old');
    async function* failing() {
      yield Uint8Array.of(1);
      throw new Error('half-way');
    }
    await expect(writeFileAtomic(join(place, 'a'), failing())).rejects.toThrow('half-way');
    expect(readFileSync(join(place, 'a'), 'utf8')).toBe('old');
    expect(readdirSync(place)).toEqual(['a']);
  });

  it('keeps mode and link of what it replaces', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, 'old');
    chmodSync(target, 0o640);
    symlinkSync(target, join(folder, 'link'));
    await writeFileAtomic(join(folder, 'link'), 'new');
    expect(readFileSync(target, 'utf8')).toBe('new');
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });

  it('tells what is wrong with the path', async () => {
    await expect(writeFileAtomic(join(folder, 'none', 'a'), '')).rejects.toThrow(/folder does not exist\nhelp: create/);
    await expect(writeFileAtomic(folder, '')).rejects.toSatisfy((error) => isVoxelgradError(error, 'file'));
  });
});

describe('ScratchFile', () => {
  it('keeps floats at their places, and is gone afterwards', async () => {
    const place = join(folder, 'scratch');
    mkdirSync(place);
    const [one, other] = [await ScratchFile.open(place), await ScratchFile.open(place)];
    await one.write(5, Float32Array.of(6, 7));
    await one.write(0, Float32Array.of(1, 2, 3, 4, 5));
    const values = new Float32Array(4);
    await one.read(2, values);
    expect([...values]).toEqual([3, 4, 5, 6]);
    await expect(one.read(6, values)).rejects.toThrow(/expected 4 floats, got its end/);
    // Without a name there is nothing to be left behind.
    expect(readdirSync(place)).toEqual([]);
    await Promise.all([one.remove(), other.remove()]);
    expect(readdirSync(place)).toEqual([]);
    await expect(ScratchFile.open(join(place, 'none'))).rejects.toThrow(/folder does not exist/);
  });
});

describe('a full disk', () => {
  const disk = mountSmallDisk();

  const missing = disk === undefined ? 'no right to mount a small file system here' : undefined;

  it('gives one typed error and leaves no file', lacking(missing), async () => {
    const image = { ...countingImage([64, 128, 128]) };
    image.data.set(image.data.map((_, i) => (i * 7919) % 32768));
    for (const name of ['big.nii', 'big.nii.gz']) {
      const error: unknown = await writeImageFile(join(disk!, name), image).catch((caught: unknown) => caught);
      expect(isVoxelgradError(error, 'file'), String(error)).toBe(true);
      expect(String(error)).toMatch(/cannot write .*big\.nii.*no space left on the disk\nhelp: free some space/);
      expect(readdirSync(disk!)).toEqual([]);
    }
  });

  /** 256 KiB of memory as a file system; needs the right to mount. */
  function mountSmallDisk(): string | undefined {
    const path = join(folder, 'disk');
    mkdirSync(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'pipe' });
    } catch {
      return undefined;
    }
    afterAll(() => {
      execFileSync('umount', [path]);
    });
    return path;
  }
});

describe('image files', () => {
  it.each(['a.nii', 'a.nii.gz'])('%s comes back', async (name) => {
    const image = countingImage([4, 5, 6]);
    await writeImageFile(join(folder, name), image);
    const back = await readImageFile(join(folder, name));
    expect(back.data).toEqual(image.data);
  });

  it('tells apart a missing file, a folder and an unknown format', async () => {
    await expect(readImageFile(join(folder, 'none.nii'))).rejects.toThrow(/none\.nii: got no such file\nhelp:/);
    await expect(readImageFile(folder)).rejects.toThrow(/expected a file/);
    writeFileSync(join(folder, 'a.jpg'), '');
    await expect(readImageFile(join(folder, 'a.jpg'))).rejects.toThrow(/expected a name that ends in/);
    await expect(writeImageFile(join(folder, 'a.jpg'), countingImage([1, 1, 1]))).rejects.toThrow(/\.nii/);
  });

  it('reads gzip of several members, and names the file where one is broken', async () => {
    await writeImageFile(join(folder, 'm.nii'), countingImage([4, 5, 6]));
    const bytes = readFileSync(join(folder, 'm.nii'));
    const members = Buffer.concat([gzipSync(bytes.subarray(0, 400)), gzipSync(bytes.subarray(400))]);
    writeFileSync(join(folder, 'm.nii.gz'), members);
    expect((await readImageFile(join(folder, 'm.nii.gz'))).data).toEqual(countingImage([4, 5, 6]).data);
    writeFileSync(join(folder, 'm.nii.gz'), members.subarray(0, members.length - 3));
    const error: unknown = await readImageFile(join(folder, 'm.nii.gz')).catch((caught: unknown) => caught);
    expect(isVoxelgradError(error, 'format'), String(error)).toBe(true);
    expect(String(error)).toMatch(/m\.nii\.gz: expected whole gzip data/);
  });
});

describe('folders', () => {
  it('lists files and folders by name, hidden ones left out', async () => {
    const place = join(folder, 'listing');
    mkdirSync(join(place, 'sub'), { recursive: true });
    for (const name of ['b', 'a', 'B', '._a', 'sub/c']) writeFileSync(join(place, name), name);
    const opened = await openFolder(place);
    expect(await opened.list()).toEqual({ files: ['B', 'a', 'b'], folders: ['sub'] });
    expect((await opened.file('sub/c'))?.size).toBe(5);
    expect(await opened.file('sub/d')).toBeUndefined();
    expect(await opened.folder('sub').list()).toEqual({ files: ['c'], folders: [] });
    await expect(openFolder(join(place, 'a'))).rejects.toThrow(/expected a folder, got a file/);
    await expect(openFile(join(place, 'none'))).rejects.toSatisfy((error) => isVoxelgradError(error, 'file'));
  });
});
