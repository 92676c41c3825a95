/**
 * SwiftShader's Vulkan driver out of the npm package @sparticuz/chromium, which carries it as `bin/swiftshader.tar.br`: a Brotli-compressed
 * ustar archive with libvk_swiftshader.so, a Vulkan loader and the JSON file that points to the driver.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { VoxelgradError } from '../../errors.ts';
import { cacheFolder } from './cache-folder.ts';

const WANTED = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];
const TAR_BLOCK_BYTES = 512;
/** Far above the 8 MB of the real archive. */
const MAXIMUM_BYTES = 128 * 2 ** 20;

/** The folder with the driver, extracted on first use. Throws 'device' where the package or the platform does not have it. */
export async function extractSwiftshader(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new VoxelgradError('device', {
      what: 'SwiftShader',
      expected: 'Linux on x64',
      got: `${process.platform} on ${process.arch}`,
      help: "use a hardware GPU or device 'cpu'",
    });
  const compressed = await readFile(locateArchive());
  const version = createHash('sha256').update(compressed).digest('hex').slice(0, 16);
  return cacheFolder(`swiftshader-${version}`, WANTED, async (folder) => {
    const archive = brotliDecompressSync(compressed, { maxOutputLength: MAXIMUM_BYTES });
    const files = readTar(archive);
    for (const name of WANTED) {
      const content = files.get(name);
      if (content === undefined)
        throw new VoxelgradError('format', { what: 'the archive of @sparticuz/chromium', expected: `a file ${name}` });
      await writeFile(join(folder, name), content, { mode: 0o755 });
    }
  });
}

function locateArchive(): string {
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    return join(dirname(entry), '..', 'bin', 'swiftshader.tar.br');
  } catch (cause) {
    throw new VoxelgradError('device', {
      what: 'SwiftShader needs the npm package @sparticuz/chromium, which is not installed',
      help: 'npm install --save-dev @sparticuz/chromium',
      cause,
    });
  }
}

/** The plain files of an ustar archive by name. */
function readTar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const text = (start: number, length: number): string =>
    archive.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  let position = 0;
  while (position + TAR_BLOCK_BYTES <= archive.length && archive[position] !== 0) {
    const name = text(position, 100);
    const size = Number.parseInt(text(position + 124, 12), 8);
    const content = position + TAR_BLOCK_BYTES;
    if (!(size >= 0 && content + size <= archive.length))
      throw new VoxelgradError('format', {
        what: `the archive entry '${name}'`,
        expected: 'a size within the archive',
      });
    files.set(name.replace(/^\.\//, ''), archive.subarray(content, content + size));
    position = content + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
  }
  return files;
}
