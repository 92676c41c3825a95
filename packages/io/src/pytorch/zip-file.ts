/**
 * Checkpoints as torch.save writes them since version 1.6 (caffe2/serialize/inline_container.h): a ZIP archive with a pickle, `data.pkl`, and one
 * entry for each storage, `data/KEY`.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { Budget, type PickleLimits } from '../pickle/budget.ts';
import { unpickle } from '../pickle/unpickle.ts';
import type { Pickled } from '../pickle/values.ts';
import type { FileSource } from '../source.ts';
import { openZip, type ZipArchive } from '../zip/archive.ts';
import type { ZipEntry } from '../zip/directory.ts';
import { refuseTorchFile } from './refuse.ts';
import { StorageTable } from './storages.ts';
import { torchGlobals } from './torch-globals.ts';

/** More than any pickle without its tensors. */
const maximumPickleBytes = 2 ** 28;

export async function readZipCheckpoint(source: FileSource, limits: Partial<PickleLimits>): Promise<Pickled> {
  const archive = await openZip(source);
  const folder = topFolder(archive);
  refuseTorchScript(archive, folder);
  await refuseBigEndian(archive, archive.entries.get(`${folder}byteorder`));
  const pickle = archive.entries.get(`${folder}data.pkl`)!;
  if (pickle.size > maximumPickleBytes)
    throw refuseTorchFile(source, `a pickle of at most ${maximumPickleBytes} bytes`, String(pickle.size));
  const table = new StorageTable(new Budget(source.path), (key, start, length) =>
    archive.readPart(archive.entries.get(`${folder}data/${key}`)!, start, length),
  );
  // PyTorch can be told not to compute checksums, and checks none itself.
  const bytes = await archive.read(pickle, { verify: false });
  const { value } = unpickle(bytes, {
    what: source.path,
    globals: torchGlobals,
    limits,
    persistent: (id) => {
      const storage = table.storageFor(id);
      const entry = archive.entries.get(`${folder}data/${storage.key}`);
      if (entry?.size !== storage.size)
        throw refuseTorchFile(
          source,
          `${storage.size} bytes in data/${storage.key.slice(0, 40)}`,
          String(entry?.size ?? 'none'),
        );
      return storage;
    },
  });
  return value;
}

/** The folder that everything in the archive lies in, with its slash. */
function topFolder({ source, entries }: ZipArchive): string {
  const pickle = [...entries.keys()].find((name) => name.endsWith('/data.pkl') || name === 'data.pkl');
  if (pickle === undefined) throw refuseTorchFile(source, 'a checkpoint of PyTorch', 'another ZIP archive');
  return pickle.slice(0, -'data.pkl'.length);
}

function refuseTorchScript({ source, entries }: ZipArchive, folder: string): void {
  if (entries.has(`${folder}constants.pkl`) || [...entries.keys()].some((name) => name.startsWith(`${folder}code/`)))
    throw new VoxelgradError('format', {
      what: source.path,
      expected: 'weights',
      got: 'a TorchScript archive, which is a program',
      help: 'in Python: torch.save(torch.jit.load(FILE).state_dict(), OTHER_FILE)',
    });
}

async function refuseBigEndian(archive: ZipArchive, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return;
  if (entry.size > 16) throw refuseTorchFile(archive.source, 'a byte order', `${entry.size} bytes`);
  const order = new TextDecoder().decode(await archive.read(entry, { verify: false })).trim();
  if (order !== 'little')
    throw new VoxelgradError('format', {
      what: archive.source.path,
      expected: 'little-endian numbers',
      got: `${order}-endian ones`,
      help: 'load the file and save it again on a little-endian machine (any PC or Mac)',
    });
}
