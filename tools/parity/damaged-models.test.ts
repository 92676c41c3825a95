/**
 * Damaged models end in a typed error or in a model that fits its file, never in anything else: checkpoints of PyTorch in both formats, their pickles
 * inside sound archives, ZIP archives, safetensors, plans, and exported models, whole and each of their files. From one seed. Nothing is run, and no more memory is taken than the limits allow.
 *
 * `VOXELGRAD_FUZZ=50000` damages that many files; without it, a share of them.
 */

// First, so that it watches what comes after it.
import '../../packages/io/src/testing/count-allocations.ts';
import {
  encodeZip,
  folderFromFiles,
  openZip,
  type Pickled,
  PickledTuple,
  readTorchFile,
  readTorchTensor,
  sourceFromBytes,
  TorchTensor,
} from '@voxelgrad/io';
import { readSafetensors, stateDict, writeSafetensors } from '@voxelgrad/nn';
import {
  configurationOf,
  encodeStateDict,
  formatPlans,
  networkOptions,
  openModel,
  PlainConvUNet,
  parsePlans,
  planExperiment,
} from '@voxelgrad/nnunet';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostRandom, hostRandom } from '../../packages/io/src/phantom/random.ts';
import { takeLargest } from '../../packages/io/src/testing/count-allocations.ts';
import { damaged } from '../../packages/io/src/testing/damage.ts';
import { torchFile } from '../../packages/io/src/testing/torch-files.ts';
import { type Json, oddJson } from './odd-json.ts';

const kinds = 10;
const rounds = Math.ceil(Number(process.env.VOXELGRAD_FUZZ ?? 150 * kinds) / kinds);
const limits = { items: 5000, bytes: 2 ** 20, operations: 2e5 };
/** What one tensor of repeated values may take. */
const repeatedBytes = 2 ** 26;

const textBytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function collect(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const part of parts) pieces.push(part);
  return new Uint8Array(Buffer.concat(pieces));
}

/** Runs `read` on damaged files; tells how many could be read all the same. Errors must be typed and of these codes. */
async function survivors(
  seed: number,
  make: (random: HostRandom) => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>,
  read: (bytes: Uint8Array<ArrayBuffer>) => Promise<void> | void,
): Promise<number> {
  const random = hostRandom(20261123, seed);
  let readable = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = await make(random);
    takeLargest();
    try {
      await read(bytes);
      readable++;
    } catch (error) {
      if (!(error instanceof VoxelgradError)) throw new Error(`round ${round}`, { cause: error });
      expect(['format', 'file', 'option', 'dataset']).toContain(error.code);
    }
    // Deflate makes at most 1032 bytes of one; bfloat16 doubles what is repeated.
    expect(takeLargest()).toBeLessThanOrEqual(Math.max(2 * repeatedBytes, 1032 * bytes.length));
  }
  return readable;
}

/** All tensors in a value, and that it is within the limits. */
function tensorsIn(value: Pickled): TorchTensor[] {
  const tensors: TorchTensor[] = [];
  const seen = new Set<Pickled>();
  const visit = (item: Pickled): void => {
    if (typeof item !== 'object' || item === null || seen.has(item)) return;
    seen.add(item);
    if (item instanceof TorchTensor) tensors.push(item);
    else if (item instanceof Map) for (const pair of item) pair.forEach(visit);
    else if (item instanceof PickledTuple) item.items.forEach(visit);
    else if (Array.isArray(item) || item instanceof Set) for (const one of item) visit(one);
  };
  visit(value);
  expect(seen.size).toBeLessThanOrEqual(limits.items + limits.operations);
  return tensors;
}

async function readCheckpoint(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const value = await readTorchFile(sourceFromBytes(bytes, 'damaged.pth'), { limits });
  for (const tensor of tensorsIn(value)) {
    const data = await readTorchTensor(tensor);
    expect(data.length).toBe(tensor.size);
    // bfloat16 doubles in size.
    expect(data.byteLength).toBeLessThanOrEqual(Math.max(2 * bytes.length, 2 * repeatedBytes));
  }
}

describe('damaged models', () => {
  it.each(['zip', 'legacy', 'typed'] as const)('checkpoints: %s', { timeout: 600_000 }, async (name) => {
    const whole = torchFile(name);
    const readable = await survivors(name.length, (random) => damaged(whole, random, whole.length), readCheckpoint);
    expect(readable).toBeLessThan(rounds);
  });

  it('pickles inside sound archives', { timeout: 600_000 }, async () => {
    const archive = await openZip(sourceFromBytes(torchFile('zip'), 'whole.pth'));
    const members = await Promise.all(
      [...archive.entries.values()].map(async (entry) => ({ name: entry.name, bytes: await archive.read(entry) })),
    );
    const make = (random: HostRandom) =>
      collect(
        encodeZip(
          members.map(({ name, bytes }) => ({
            name,
            bytes: name.endsWith('data.pkl') ? damaged(bytes, random, bytes.length) : bytes,
          })),
        ),
      );
    const readable = await survivors(4, make, readCheckpoint);
    expect(readable).toBeGreaterThan(0);
    expect(readable).toBeLessThan(rounds);
  });

  it('archives', { timeout: 600_000 }, async () => {
    const text = new TextEncoder().encode('voxel '.repeat(100));
    const whole = await collect(
      encodeZip([
        { name: 'stored', bytes: text },
        { name: 'folder/deflated', bytes: text, deflated: true },
      ]),
    );
    await survivors(
      5,
      (random) => damaged(whole, random, whole.length),
      async (bytes) => {
        const archive = await openZip(sourceFromBytes(bytes, 'damaged.zip'));
        for (const entry of archive.entries.values()) {
          const content = await archive.read(entry);
          expect(content.length).toBe(entry.size);
          expect(content.length).toBeLessThanOrEqual(1032 * bytes.length);
        }
      },
    );
  });

  it('safetensors', { timeout: 600_000 }, async () => {
    const whole = writeSafetensors([
      ['a.weight', { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) }],
      ['b', { dtype: 'I64', shape: [], data: new BigInt64Array(1) }],
      ['c', { dtype: 'BOOL', shape: [3], data: new Uint8Array(3) }],
    ]);
    const readable = await survivors(
      6,
      (random) => damaged(whole, random, whole.length),
      (bytes) => {
        for (const { data } of readSafetensors(bytes).values())
          expect(data.byteLength).toBeLessThanOrEqual(2 * bytes.length);
      },
    );
    expect(readable).toBeGreaterThan(0);
  });
});

describe('damaged model folders', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openCpu({ threads: 1 });
  });
  afterAll(() => device.close());

  const description = {
    channelNames: ['CT'],
    labels: { classes: [{ name: 'a', values: [1] }], regions: false },
    fileEnding: '.nii.gz',
    numTraining: 10,
  };
  const fingerprint = {
    spacings: [[1, 1, 1]],
    shapes_after_crop: [[8, 8, 8]],
    median_relative_size_after_cropping: 1,
    foreground_intensity_properties_per_channel: {},
  };
  const plans = planExperiment('Dataset001_A', description, fingerprint);
  const small = {
    ...plans,
    configurations: Object.fromEntries(
      Object.entries(plans.configurations).map(([name, configuration]) => {
        const { architecture } = configuration;
        if (name !== '3d_fullres' || architecture === undefined) return [name, configuration];
        const features = architecture.arch_kwargs.features_per_stage.map(() => 2);
        return [
          name,
          {
            ...configuration,
            architecture: {
              ...architecture,
              arch_kwargs: { ...architecture.arch_kwargs, features_per_stage: features },
            },
          },
        ];
      }),
    ),
  };

  const dataset = {
    channel_names: { 0: 'CT' },
    labels: { background: 0, a: 1 },
    numTraining: 10,
    file_ending: '.nii.gz',
  };
  const name = 'nnUNetTrainer__nnUNetPlans__3d_fullres';
  let network: PlainConvUNet;
  /** As it is on disk: path → bytes. */
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  beforeAll(async () => {
    const options = networkOptions(configurationOf(small, '3d_fullres').architecture, 1, 2);
    network = new PlainConvUNet({ ...options, device });
    files.set('plans.json', textBytes(formatPlans(small)));
    files.set('dataset.json', textBytes(JSON.stringify(dataset)));
    files.set('fold_0/checkpoint_final.pth', await collect(encodeStateDict(network)));
  });

  /** Opens the model and its weights, which must be those that it was saved with where only a part of it is damaged that they do not depend on. */
  async function open(place: Parameters<typeof openModel>[0], sameWeights: boolean): Promise<void> {
    const before = device.memory().usedBytes;
    const model = await openModel(place);
    const loaded = await model.loadFold(model.folds[0]!, device);
    try {
      const weights = await stateDict(loaded);
      if (sameWeights) expect(weights).toEqual(await stateDict(network));
    } finally {
      loaded.dispose();
    }
    expect(device.memory().usedBytes).toBe(before);
  }
  const openFiles = (replaced: string, bytes: Uint8Array<ArrayBuffer>, sameWeights: boolean): Promise<void> =>
    open(
      folderFromFiles(
        [...files].map(([path, whole]) => ({ path, blob: new Blob([path === replaced ? bytes : whole]) })),
        name,
      ),
      sameWeights,
    );

  it('odd plans: in networks that their weights fit', { timeout: 600_000 }, async () => {
    const whole = JSON.parse(formatPlans(small)) as Json;
    const readable = await survivors(
      7,
      (random) => textBytes(JSON.stringify(oddJson(whole, random))),
      async (text) => {
        const read = parsePlans(new TextDecoder().decode(text));
        for (const name of Object.keys(read.configurations))
          networkOptions(configurationOf(read, name).architecture, 1, 2);
        await openFiles('plans.json', text, true);
      },
    );
    expect(readable).toBeGreaterThan(0);
    expect(readable).toBeLessThan(rounds);
  });

  it('odd dataset.json', { timeout: 600_000 }, async () => {
    const readable = await survivors(
      8,
      (random) => textBytes(JSON.stringify(oddJson(dataset, random))),
      (text) => openFiles('dataset.json', text, true),
    );
    expect(readable).toBeGreaterThan(0);
    expect(readable).toBeLessThan(rounds);
  });

  it('weights, and safetensors under the name of a checkpoint', { timeout: 600_000 }, async () => {
    const path = 'fold_0/checkpoint_final.pth';
    const tensors = [...(await stateDict(network))].map(
      ([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const,
    );
    const wholes = [files.get(path)!, new Uint8Array(writeSafetensors(tensors))];
    for (const whole of wholes) await openFiles(path, whole, true);
    const readable = await survivors(
      9,
      (random) => damaged(wholes[random.index(2)]!, random),
      (bytes) => openFiles(path, bytes, false),
    );
    expect(readable).toBeGreaterThan(0);
    expect(readable).toBeLessThan(rounds);
  });

  it('exported ZIPs', { timeout: 600_000 }, async () => {
    const members = [...files].map(([path, bytes]) => ({
      name: `Dataset001_A/${name}/${path}`,
      bytes,
      deflated: true,
    }));
    const whole = await collect(encodeZip(members));
    const openZipped = (bytes: Uint8Array<ArrayBuffer>) => open(sourceFromBytes(bytes, 'model.zip'), false);
    await openZipped(whole);
    // Half of them anywhere, half in the directory at the end.
    const make = (random: HostRandom): Uint8Array<ArrayBuffer> => {
      if (random.uniform() < 0.5) return damaged(whole, random, whole.length);
      const directory = whole.length - 600;
      const end = damaged(whole.slice(directory), random);
      return new Uint8Array(Buffer.concat([whole.subarray(0, directory), end]));
    };
    const readable = await survivors(10, make, openZipped);
    expect(readable).toBeLessThan(rounds);
  });
});
